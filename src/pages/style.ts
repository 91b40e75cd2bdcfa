/**
 * The style sheet of all pages. Inline, allowed by its hash: a page is one request, and nothing of it can be out of
 * date. Contrast of text is at least 4.5:1 in both colour schemes; the QR code is black on white in both, since readers
 * do not know inverted ones.
 */
export const STYLE = `
:root{color-scheme:light dark;--back:#eef1f7;--sheet:#fff;--panel:#f6f8fc;--ink:#141c2b;--soft:#51607a;--line:#dbe1ec;
--brand:#0042b3;--on-brand:#fff;--good:#0a6a3c;--on-good:#e3f5ea;--shade:0 1px 2px #1422441a,0 12px 40px #1422441f}
@media (prefers-color-scheme:dark){:root{--back:#0b1018;--sheet:#151c28;--panel:#1b2433;--ink:#edf1f8;--soft:#a7b3c9;
--line:#2c3850;--brand:#8fb6ff;--on-brand:#06142f;--good:#79dfa6;--on-good:#12321f;--shade:0 12px 40px #0008}}
*{box-sizing:border-box}
html{font:100%/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;
justify-content:center;padding:clamp(.75rem,3vw,2.5rem);background:var(--back);color:var(--ink)}
h1,h2,p,ul,dl,dd,figure{margin:0;padding:0}
h1,h2,p,li,dd,dt,.words{overflow-wrap:anywhere}
h1{font-size:clamp(1.5rem,1.2rem + 1.4vw,2.1rem);line-height:1.2;letter-spacing:-.015em;text-wrap:balance}
h1.long{font-size:1.2rem;line-height:1.35;letter-spacing:0;white-space:pre-line}
h2{font-size:1.15rem;line-height:1.3}
h2.quiet{font-size:.8rem;font-weight:600;color:var(--soft);margin-bottom:.5rem}
a{color:var(--brand);text-underline-offset:.2em}
a:focus-visible,summary:focus-visible,main:focus-visible{outline:3px solid var(--brand);outline-offset:3px;border-radius:6px}
main{width:100%;max-width:34rem;background:var(--sheet);border-radius:20px;box-shadow:var(--shade);overflow:hidden}
main.wide{max-width:58rem}
.head,.rest,.act,.note{padding:clamp(1.25rem,4vw,2.5rem)}
.head,.rest,.act{display:flex;flex-direction:column;gap:1.25rem}
main:not(.wide) .rest{padding-top:0}
.act{background:var(--panel);border:solid var(--line);border-width:1px 0;align-items:center;text-align:center}
.shop{display:flex;align-items:center;gap:.75rem;font-weight:600;color:var(--soft)}
.shop img,.mark{width:2.5rem;height:2.5rem;border-radius:10px;flex:none}
.shop img{object-fit:contain;background:#fff;border:1px solid var(--line)}
.mark{display:grid;place-items:center;background:var(--brand);color:var(--on-brand);font-size:1.15rem}
.price{font-size:clamp(1.9rem,1.5rem + 2vw,2.6rem);font-weight:700;line-height:1.1;letter-spacing:-.02em}
.price small{display:block;font-size:.9rem;font-weight:400;letter-spacing:0;color:var(--soft);line-height:1.5}
.price b{display:block;font-size:.8rem;font-weight:600;letter-spacing:0;color:var(--soft);line-height:1.8}
.lead{color:var(--soft)}
.lines{list-style:none;display:flex;flex-direction:column}
.lines li{display:flex;gap:.85rem;align-items:flex-start;padding:.7rem 0;border-top:1px solid var(--line)}
.lines li:first-child{border-top:0;padding-top:0}
.lines li.chosen{font-weight:600}
.lines img{width:3.25rem;height:3.25rem;object-fit:cover;border-radius:8px;flex:none;background:#fff}
.lines .words{flex:1;min-width:0}
.lines small{display:block;color:var(--soft);font-weight:400}
.lines .sum{white-space:nowrap;font-variant-numeric:tabular-nums;text-align:right}
.facts{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.35rem 1.25rem;font-size:.925rem}
.facts dt{color:var(--soft)}
.facts dd{min-width:0}
.code{width:100%;max-width:17rem;background:#fff;border-radius:16px;border:1px solid var(--line);line-height:0}
.code svg{width:100%;height:auto;border-radius:16px}
.button{display:inline-flex;align-items:center;justify-content:center;min-height:3rem;padding:.65rem 1.5rem;border-radius:12px;
background:var(--brand);color:var(--on-brand);font-weight:600;text-decoration:none;text-align:center}
.button:hover{filter:brightness(1.1)}
.button:active{transform:translateY(1px)}
.wait{display:flex;align-items:center;justify-content:center;gap:.6rem;font-size:.95rem;min-height:1.5rem}
.wait::before{content:"";width:.65rem;height:.65rem;border-radius:50%;background:var(--brand);flex:none}
.wait.done{color:var(--good);font-weight:600}
.wait.done::before{background:var(--good)}
@media (prefers-reduced-motion:no-preference){.wait:not(.done)::before{animation:beat 1.6s ease-in-out infinite}
@keyframes beat{50%{opacity:.25;transform:scale(.7)}}}
.hint{font-size:.875rem;color:var(--soft)}
details{font-size:.875rem;max-width:100%}
summary{cursor:pointer;color:var(--soft);padding:.25rem .5rem}
code{display:block;margin-top:.5rem;padding:.6rem .75rem;border:1px solid var(--line);border-radius:8px;background:var(--sheet);
font:.8rem/1.45 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;user-select:all;text-align:left}
.badge{display:flex;gap:.9rem;align-items:center}
.badge svg{flex:none;width:3rem;height:3rem;padding:.7rem;border-radius:50%;background:var(--on-good);color:var(--good)}
.badge.off svg{background:var(--panel);color:var(--soft)}
.message{white-space:pre-line;padding:1rem 1.25rem;border-radius:12px;background:var(--on-good);color:var(--ink)}
.note{display:flex;flex-direction:column;gap:1rem;align-items:flex-start}
footer{margin-top:1.25rem;font-size:.8rem;color:var(--soft);text-align:center}
@media (min-width:52rem){main.wide{display:grid;grid-template:auto 1fr/1fr minmax(20rem,24rem)}main.wide .rest{padding-top:0}
.act{grid-area:1/2/3/3;border-width:0 0 0 1px;justify-content:center}}
@media (max-width:51.99rem){.act .button{width:100%;order:-1}.act h2{order:-3}.act .lead{order:-2}}
@media print{body{padding:0;background:#fff;color:#000;justify-content:flex-start}main{box-shadow:none}.act,.button,footer{display:none}}
`;
