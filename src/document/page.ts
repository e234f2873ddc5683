import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../foundation/package-folder.js';
import { getBlockKind, type Block } from './blocks/index.js';
import { Markup, markup } from './markup.js';
import type { ReportPage, Section } from './report.js';

/**
 * A page that needs nothing else: style, script and pictures are in it. Its content policy forbids the network, and every style and script
 * but its own, which are named by their hashes.
 */
export async function reportHtml({ title, made, refresh, sections }: ReportPage): Promise<string> {
  const [style, script] = ['page.css', 'page-script.js'].map(assetText);
  const isOne = sections.length === 1;
  const shown = await Promise.all(sections.map((section, at) => sectionHtml(section, isOne ? null : at + 1)));
  const body = markup`<header><h1>${title}</h1><p class="made">${made}</p>${
    !isOne &&
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
${refresh !== undefined && markup`<meta http-equiv="refresh" content="${refresh}">\n`}<title>${title}</title>
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

/** @param number null where the page's title is the section's */
async function sectionHtml({ title, blocks }: Section, number: number | null): Promise<Markup> {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (last !== undefined && last[0].kind === block.kind) last.push(block);
    else groups.push([block]);
  }
  const shown = await Promise.all(
    groups.map(async (group) => {
      const all = await Promise.all(group.map(async (block) => getBlockKind(block).html(block)));
      return markup`<div class="blocks of-${group[0].kind}">${all}</div>\n`;
    }),
  );
  const heading = number !== null && markup`<h2 id="section-${number}">${title}</h2>\n`;
  return markup`<section${number !== null && markup` aria-labelledby="section-${number}"`}>${heading}${shown}</section>\n`;
}

/** A style or script of the page, which lies beside this file's source and is published with it. */
function assetText(name: string): string {
  return readFileSync(join(packageFolder(), 'src', 'document', name), 'utf8');
}

/** As a content policy names a text that it allows. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
