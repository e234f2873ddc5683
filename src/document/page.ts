import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../foundation/package-folder.js';
import { getBlockKind, type Block } from './blocks/index.js';
import { Markup, markup } from './markup.js';
import type { ReportPage, Section } from './report.js';

/**
 * Returns a report as a self-contained HTML page, with style, script and images inside. Its content security policy
 * forbids the network, and all styles and scripts except the page's own, named by their hashes.
 */
export async function reportHtml({ title, made, refresh, sections }: ReportPage): Promise<string> {
  const [style, script] = ['page.css', 'page-script.js'].map(assetText);
  const isOne = sections.length === 1;
  const shown = await Promise.all(sections.map((section, at) => sectionHtml(section, isOne ? null : at + 1)));
  const items = sections.map(({ title }, at) => markup`<li><a href="#section-${at + 1}">${title}</a></li>`);
  const contents = markup`<nav aria-label="sections"><ol>${items}</ol></nav>`;
  const body = markup`<header><h1>${title}</h1><p class="made">${made}</p>${!isOne && contents}</header>
<main>${shown}</main>`.toString();
  // No user text is among the styles, since insertions are escaped.
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

/**
 * Returns the HTML of a section.
 * @param number number of the section; null to omit the heading, if the page has one section
 */
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
  const label = number !== null && markup` aria-labelledby="section-${number}"`;
  return markup`<section${label}>${heading}${shown}</section>\n`;
}

/**
 * Returns the text of a style or script of the page; the file lies beside this source and is published with the
 * package.
 */
function assetText(name: string): string {
  return readFileSync(join(packageFolder(), 'src', 'document', name), 'utf8');
}

/** Returns the hash by which a content security policy allows a style or script. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
