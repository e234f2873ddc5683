import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../foundation/package-folder.js';
import { kindOf } from './blocks/index.js';
import { Markup, markup } from './markup.js';
import type { ReportPage, Section } from './report.js';

/**
 * A page that needs nothing else: style, script and pictures are in it. Its content policy forbids the network, and every style and script
 * but its own, which are named by their hashes.
 */
export async function reportHtml({ title, made, sections }: ReportPage): Promise<string> {
  const [style, script] = ['page.css', 'page.js'].map(assetText);
  const shown = await Promise.all(sections.map(sectionHtml));
  const body = markup`<header><h1>${title}</h1><p class="made">${made}</p>${
    sections.length > 1 &&
    markup`<nav aria-label="sections"><ol>${sections.map((section, at) => markup`<li><a href="#section-${at + 1}">${section.title}</a></li>`)}</ol></nav>`
  }</header>
<main>${shown}</main>`.toString();
  // No text of a user is among them: what is inserted is escaped.
  const styles = [style, ...[...body.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text]) => text)];
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src ${[...new Set(styles.map(hashOf))].join(' ')}`,
    `script-src ${hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
${new Markup(body)}
<script>${new Markup(script)}</script>
</body>
</html>
`.toString();
}

async function sectionHtml({ title, blocks }: Section, at: number): Promise<Markup> {
  const shown = await Promise.all(blocks.map((block) => kindOf(block).html(block)));
  return markup`<section aria-labelledby="section-${at + 1}"><h2 id="section-${at + 1}">${title}</h2>
<div class="blocks">${shown}</div></section>\n`;
}

/** A style or script of the page, which lies beside this file's source and is published with it. */
function assetText(name: string): string {
  return readFileSync(join(packageFolder(), 'src', 'report', name), 'utf8');
}

/** As a content policy names a text that it allows. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
