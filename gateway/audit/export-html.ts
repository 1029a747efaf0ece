// The audit trail as one HTML file (AUD-6): opens in any browser without a network, prints, holds the same data as the
// other formats. A pure stream with bounded memory; used through export-formats.ts.

import { kindRisks } from '../contract/record-classes.ts';
import { kindWords, meaningWords } from '../contract/record-words.ts';
import {
  asJson,
  digestOf,
  type ExportedRecord,
  inChunks,
  inPlant,
  plain,
  type ReadRecord,
  readForExport,
  signerText,
} from './export-columns.ts';
import { coverFacts, type ExportCover } from './export-cover.ts';
import { changeOf, furtherFacts, reasonOf } from './export-texts.ts';

const style = `
:root{color-scheme:light;font:14px/1.4 "Noto Sans","Segoe UI",Roboto,Helvetica,Arial,sans-serif;color:#15191c;background:#fff}
body{margin:24px}h1{font-size:22px;margin:0 0 12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0 0 16px}dt{color:#5a646b}dd{margin:0;overflow-wrap:anywhere}
pre{background:#f1f3f4;padding:8px 12px;overflow:auto;font-size:12px}
table{border-collapse:collapse;width:100%}th{position:sticky;top:0;background:#e5e8ea;text-align:left;font-size:12px;padding:6px 8px;border-bottom:1px solid #8b969d}
td{padding:5px 8px;vertical-align:top;border-top:1px solid #ccd2d6;overflow-wrap:anywhere}
td small,.more{color:#5a646b;font-size:12px}td:first-child{text-align:right;color:#5a646b}
tr.more td{border-top:0;padding-top:0}tr.more td:first-child{color:inherit}
.signed{border-left:3px solid #15191c;background:#f1f3f4;color:#15191c;padding:4px 8px;margin:2px 0 4px;font-size:13px}
.high{font-weight:600}.high::before{content:"▲ "}
code{font-family:ui-monospace,"Noto Sans Mono","DejaVu Sans Mono",monospace;font-size:11px;overflow-wrap:anywhere}
@media print{body{margin:0}th{position:static}tr{break-inside:avoid}thead{display:table-header-group}}`;

export async function* asHtml(records: AsyncIterable<ExportedRecord>, cover: ExportCover): AsyncGenerator<string> {
  const title = `Audit trail · ${cover.plant.name}`;
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${htmlText(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${style}</style></head>
<body><h1>${htmlText(title)}</h1><dl>${coverFacts(cover)
    .map(([label, text]) => `<dt>${htmlText(label)}</dt><dd dir="auto">${htmlText(text)}</dd>`)
    .join('')}</dl>
${cover.checkpoint === null ? '' : `<p>Checkpoint of the log, against which each record’s digest can be proven:</p><pre>${htmlText(cover.checkpoint)}</pre>`}
<table><thead><tr><th>No.</th><th>Time</th><th>What</th><th>Subject</th><th>Change</th><th>Who and where</th><th>Reason</th></tr></thead><tbody>
`;
  let written = 0;
  for await (const chunk of inChunks(records)) {
    written += chunk.length;
    yield chunk.map((exported) => row(readForExport(exported, cover.plant.words), cover.plant.timeZone)).join('');
  }
  yield `</tbody></table><p>End of the export: ${written} records.</p></body></html>\n`;
}

function row(read: ReadRecord, timeZone: string): string {
  const { record } = read;
  const risk = kindRisks[record.kind];
  const cells = [
    String(record.seq),
    `${htmlText(inPlant(record.time, timeZone))}<br><small>${htmlText(record.time)}</small>`,
    `<span class="${risk}">${htmlText(kindWords[record.kind])}</span><br>${read.message === null ? '' : `${htmlText(read.message)}<br>`}<small>${record.kind} · risk ${risk}</small>`,
    htmlText(record.subject),
    htmlText(changeOf(record)),
    `${htmlText(record.actor === null ? 'the gateway itself' : `${record.actor.printedName} (${record.actor.id})`)}${record.terminal === null ? '' : `<br><small>${htmlText(record.terminal.name)}${record.terminal.area === null ? '' : `, ${htmlText(record.terminal.area)}`}</small>`}`,
    htmlText(reasonOf(record)),
  ];
  return `<tr>${cells.map((cell) => `<td dir="auto">${cell}</td>`).join('')}</tr>
<tr class="more"><td></td><td colspan="6">${signature(read, timeZone)}${furtherFacts(record, digestOf(read.body))
    .map(([label, text]) => `${htmlText(label)} <code>${htmlText(text)}</code>`)
    .join(' · ')}</td></tr>
`;
}

/** §11.50(b): printed name, date and time, meaning, reason, in words a person can read. */
function signature(read: ReadRecord, timeZone: string): string {
  const { record, statement } = read;
  if (statement === null || record.signature === undefined) return '';
  const parts = [
    `<b>Signed by ${htmlText(signerText(read) ?? '')}</b>`,
    `at ${htmlText(statement.signedAt === undefined ? inPlant(record.time, timeZone) : `${inPlant(statement.signedAt, timeZone)} (${statement.signedAt}, the terminal’s clock)`)}`,
    ...(record.meaning === undefined ? [] : [`meaning: ${htmlText(meaningWords[record.meaning])}`]),
    ...(reasonOf(record) === '' ? [] : [`reason: ${htmlText(reasonOf(record))}`]),
  ];
  const assertion = asJson(record.signature.assertion);
  return `<div class="signed" dir="auto">${parts.join(' · ')}<br><code>${htmlText(record.signature.jws)}</code>${assertion === null ? '' : `<br>with a passkey <code>${htmlText(String(plain(assertion)))}</code>`}</div>`;
}

/** Directions of writing that a text may want to turn around are shown, not obeyed. */
function htmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(
      /[\u202A-\u202E\u2066-\u2069]/g,
      (character) => `[U+${character.codePointAt(0)?.toString(16).toUpperCase()}]`,
    );
}
