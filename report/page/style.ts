/**
 * The style sheet. Colours keep a contrast of at least 4.5 to 1 for text on card and page, in light and in dark; tiers
 * are told by word and shape, and never by colour alone.
 */
export const style = `
:root { color-scheme: light dark;
  --page: #f5f4f1; --card: #ffffff; --ink: #1c1d20; --soft: #565a62; --muted: #6f747d; --line: #e3e1dc; --line-strong: #b9b6ae;
  --harm: #b3261e; --harm-tint: #fbeeec; --warn: #7a5200; --warn-tint: #fdf4e0; --good: #1d6b3f; --good-tint: #e9f5ee;
  --bar: #35608f; --link: #1f5a96; --chip: #efede8; }
@media (prefers-color-scheme: dark) { :root {
  --page: #131417; --card: #1c1e22; --ink: #e9e8e4; --soft: #b3b5ba; --muted: #9a9ea6; --line: #303339; --line-strong: #5b6069;
  --harm: #ff8a7d; --harm-tint: #33201f; --warn: #f0c265; --warn-tint: #2f2718; --good: #7fd3a0; --good-tint: #1a2b21;
  --bar: #7fb0e6; --link: #93c1f2; --chip: #2a2d33; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 64px; }
h1, h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; }
h1 { font-size: 15px; font-weight: 600; color: var(--soft); }
h1 b { color: var(--ink); font-weight: 700; }
h2 { font-size: 21px; line-height: 1.25; font-weight: 680; letter-spacing: -.01em; margin: 44px 0 4px; }
h3 { font-size: 17px; line-height: 1.35; font-weight: 650; }
h4 { font-size: 13px; font-weight: 650; color: var(--soft); margin-bottom: 4px; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 3px; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.lead { color: var(--soft); max-width: 46rem; margin-bottom: 14px; }
.small { font-size: 13px; color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 24px; margin-bottom: 16px; }
.first { border-left: 5px solid var(--harm); }
.first.calm { border-left-color: var(--line-strong); }
.first .what { font-size: 26px; line-height: 1.25; font-weight: 700; letter-spacing: -.015em; margin: 2px 0 8px; }
.first .what a { color: inherit; text-decoration-color: var(--line-strong); }
.first .why { font-size: 16px; max-width: 48rem; }
.label { font-size: 13px; font-weight: 650; color: var(--harm); }
.calm .label { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px 24px; margin-top: 14px; }
.facts dt { font-size: 13px; color: var(--soft); }
.facts dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.facts dd small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.bad { color: var(--harm); }
.note { border-radius: 8px; padding: 12px 16px; margin-top: 12px; background: var(--warn-tint); color: var(--ink); border: 1px solid color-mix(in srgb, var(--warn) 30%, transparent); }
.note h3 { font-size: 15px; color: var(--warn); }
.note ul, .sober ul { padding-left: 1.15em; margin-top: 4px; }
.note li + li, .sober li + li { margin-top: 4px; }
.note.stop { background: var(--harm-tint); border-color: color-mix(in srgb, var(--harm) 30%, transparent); }
.note.stop h3 { color: var(--harm); }
pre, code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { background: var(--chip); border-radius: 6px; padding: 10px 12px; margin: 8px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.table { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-size: 13px; line-height: 1.3; font-weight: 600; color: var(--soft); text-align: left; vertical-align: bottom; padding: 10px 10px; border-bottom: 1px solid var(--line-strong); }
td { padding: 10px 10px; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 18px; } th:last-child, td:last-child { padding-right: 18px; }
.n { text-align: right; white-space: nowrap; }
.rank { color: var(--muted); width: 3.2em; }
.title { min-width: 0; overflow-wrap: anywhere; }
.title a, .title .name { font-weight: 600; color: var(--ink); text-decoration-color: var(--line-strong); display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.title .small { display: block; margin-top: 1px; }
.sub { display: block; font-size: 13px; color: var(--soft); font-weight: 400; white-space: nowrap; }
.strong { font-weight: 650; }
.quiet td { padding-top: 5px; padding-bottom: 5px; font-size: 14px; }
.quiet .title .name { -webkit-line-clamp: 1; font-weight: 500; }
.tier { white-space: nowrap; font-size: 13px; font-weight: 600; }
.tier::before { display: inline-block; width: 1.15em; font-weight: 400; }
.tier.confirmed { color: var(--harm); } .tier.confirmed::before { content: "●"; }
.tier.likely { color: var(--harm); } .tier.likely::before { content: "◐"; }
.tier.unclear { color: var(--soft); } .tier.unclear::before { content: "○"; }
.tier.too_few, .tier.not_measurable { color: var(--soft); font-weight: 500; } .tier.too_few::before { content: "·"; } .tier.not_measurable::before { content: "–"; }
.plot { display: block; max-width: 100%; height: auto; overflow: visible; color: var(--soft); }
.plot text { font-size: 11.5px; font-variant-numeric: tabular-nums; }
td .plot { width: 168px; min-width: 168px; } td.wide { min-width: 188px; }
.bug { margin-top: 18px; scroll-margin-top: 14px; break-inside: avoid-page; }
.bug > header { display: flex; justify-content: space-between; gap: 16px; align-items: baseline; }
.bug h3 { overflow-wrap: anywhere; min-width: 0; }
.bug h3 .no { color: var(--muted); font-weight: 500; margin-right: .35em; }
.bug .tags { display: flex; flex-wrap: wrap; gap: 2px 14px; margin-top: 4px; }
.bug .facts { border-top: 1px solid var(--line); padding-top: 14px; }
.bug .note { background: var(--chip); border-color: transparent; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 32px; margin-top: 18px; }
.back { font-size: 13px; white-space: nowrap; }
.steps { list-style: none; padding: 0; margin-top: 2px; }
.steps li { position: relative; padding: 0 0 10px 20px; }
.steps li::before { content: ""; position: absolute; left: 3px; top: .5em; width: 8px; height: 8px; border-radius: 50%; background: var(--line-strong); }
.steps li::after { content: ""; position: absolute; left: 6.5px; top: 1.1em; bottom: -.3em; width: 1px; background: var(--line); }
.steps li:last-child::after { display: none; } .steps li:last-child { padding-bottom: 0; }
.steps .introduced::before, .steps .reappeared::before { background: var(--harm); } .steps .resolved::before { background: var(--good); }
.verdict.fixed, .verdict.reduced { color: var(--good); font-weight: 650; } .verdict.not_fixed { color: var(--harm); font-weight: 650; } .verdict { font-weight: 600; }
.list { list-style: none; padding: 0; } .list li { display: flex; justify-content: space-between; gap: 16px; max-width: 22rem; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 18px 28px; }
.sober { margin-top: 14px; } .sober ul { max-width: 60rem; } .sober h3 + ul { margin-bottom: 16px; }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; }
.flow { margin-bottom: 16px; } .flow[data-state="gone"] { opacity: .55; } .flow[data-state="gone"] h3::after { content: " has ended: these are its last numbers"; color: var(--harm); }
.troubles { padding-left: 1.15em; margin-top: 12px; color: var(--warn); font-size: 13px; }
 .flow .table { border: 0; border-radius: 0; margin: 8px -22px 0; } .flow .facts { margin-top: 12px; }
@media (max-width: 760px) {
  main { padding: 18px 12px 48px; } .card { padding: 16px; } .first .what { font-size: 21px; } .pair { grid-template-columns: minmax(0, 1fr); }
  h2 { margin-top: 34px; } .flow .table { margin: 8px -16px 0; }
  .cards thead { display: none; } .cards, .cards tbody { display: block; }
  .cards tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px 14px; padding: 14px 16px; border-bottom: 1px solid var(--line); }
  .cards tr:last-child { border-bottom: 0; } .cards td { padding: 0; border: 0; text-align: left; white-space: normal; }
  .cards td:first-child, .cards td:last-child { padding: 0; } .cards td[data-label]::before { content: attr(data-label); display: block; font-size: 13px; color: var(--soft); }
  .cards .title, .cards .wide { grid-column: 1 / -1; } .cards .rank { display: none; } .sub { white-space: normal; }
  .cards .empty { display: none; } .cards.quiet tr { padding: 9px 16px; gap: 3px 14px; }
  .flow th, .flow td { padding: 5px 6px; font-size: 13px; } .flow th:first-child, .flow td:first-child { padding-left: 16px; overflow-wrap: anywhere; } .flow th:last-child, .flow td:last-child { padding-right: 16px; }
}
@media print {
  :root { --page: #fff; --card: #fff; } body { font-size: 11pt; } main { max-width: none; padding: 0; } .back { display: none; }
  .card, .table { border-color: #bbb; } tr { break-inside: avoid; } h2, h3 { break-after: avoid; } a { color: inherit; text-decoration: none; }
}
`;
