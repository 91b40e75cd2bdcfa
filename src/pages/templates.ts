/**
 * The templates of the pages (eta). `<%=` escapes; `<%~` does not and is used for our own style sheet, script and for
 * other templates only. Attributes always stand in quotes. `it` is a ShownPage.
 */
export const TEMPLATES: Readonly<Record<string, string>> = {
  '@page': `<!doctype html>
<html lang="<%= it.language %>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title><%= it.title %></title>
<link rel="icon" href="<%= it.icon %>">
<% if (it.taler) { %><meta name="taler-uri" content="<%= it.taler.uri %>">
<noscript><meta http-equiv="refresh" content="<%= it.refreshSeconds %>"></noscript>
<% } %><style><%~ it.style %></style>
</head>
<body data-page="<%= it.kind %>" data-locale="<%= it.locale %>"<% if (it.taler) { %> data-situation="<%= it.taler.situation %>"\
 data-left="<%= it.taler.leftMs %>" data-going="<%= it.texts.paidGoing %>" data-showing="<%= it.texts.paidShowing %>"\
 data-refunded="<%= it.texts.refundedShowing %>" data-offline="<%= it.texts.noConnection %>"<% } %>>
<%~ include(it.trouble ? '@trouble' : '@sheet', it) %>
<footer><%= it.texts.footer %></footer>
<script><%~ it.script %></script>
</body>
</html>
`,

  '@sheet': `<main<% if (it.taler) { %> class="wide"<% } %>>
<section class="head" aria-labelledby="what">
<p class="shop"><% if (it.shop.logo) { %><img src="<%= it.shop.logo %>" alt=""><% } else { %>\
<span class="mark" aria-hidden="true"><%= it.shop.initial %></span><% } %><span class="words" dir="auto"><%= it.shop.name %></span></p>
<% if (it.badge) { %><div class="badge<%= it.badge.isGood ? '' : ' off' %>"><svg viewBox="0 0 24 24" aria-hidden="true" fill="none"\
 stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"><path d="<%= it.badge.path %>"/></svg>\
<h1 id="what"><%= it.badge.heading %></h1></div>
<% if (it.badge.lead) { %><p class="lead"><%= it.badge.lead %></p>
<% } %><p class="words" dir="auto"<%~ include('@lang', it.summary) %>><%= it.summary.text %></p>
<% } else { %><h1 id="what" dir="auto"<% if (it.summary.isLong) { %> class="long"<% } %><%~ include('@lang', it.summary) %>><%= it.summary.text %></h1>
<% } %><% if (it.price) { %><p class="price"><% if (it.price.label) { %><b><%= it.price.label %></b><% } %><%= it.price.amount %>\
<% if (it.price.note) { %><small><%= it.price.note %></small><% } %></p>
<% } %><% if (it.message) { %><p class="message" dir="auto"<%~ include('@lang', it.message) %>><%= it.message.text %></p>
<% } %><% if (it.link) { %><p><a class="button" href="<%= it.link.url %>" rel="noreferrer"><%= it.link.text %></a></p>
<% } %><% if (it.choices.length > 0) { %><div><h2 class="quiet" id="choices"><%= it.texts.choices %></h2>
<ul class="lines" aria-labelledby="choices"><% for (const choice of it.choices) { %>
<li<% if (choice.isChosen) { %> class="chosen"<% } %>><span class="words" dir="auto"<%~ include('@lang', choice) %>><%= choice.text %>\
<% if (choice.note) { %><small><%= choice.note %></small><% } %></span><span class="sum"><%= choice.amount %></span></li><% } %>
</ul><% if (it.taler) { %><p class="hint"><%= it.texts.choicesLead %></p><% } %></div>
<% } %></section>
<% if (it.taler) { %><%~ include('@act', it) %><% } %><section class="rest" aria-label="<%= it.texts.details %>">
<% if (it.products.length > 0) { %><div><h2 class="quiet" id="products"><%= it.texts.products %></h2>
<ul class="lines" aria-labelledby="products"><% for (const line of it.products) { %>
<li><% if (line.image) { %><img src="<%= line.image %>" alt=""><% } %><span class="words" dir="auto"<%~ include('@lang', line) %>><%= line.text %>\
<% for (const note of line.notes) { %><small><%= note %></small><% } %></span>\
<% if (line.amount) { %><span class="sum"><%= line.amount %></span><% } %></li><% } %>
</ul><% if (it.andMore) { %><p class="hint"><%= it.andMore %></p><% } %></div>
<% } %><div><h2 class="quiet" id="details"><%= it.texts.details %></h2>
<dl class="facts"><% for (const fact of it.facts) { %>
<dt><%= fact.label %></dt><dd dir="auto"><% if (fact.time) { %><time datetime="<%= fact.time.machine %>"><%= fact.time.text %></time>\
<% } else if (fact.url) { %><a href="<%= fact.url %>" rel="noreferrer"><%= fact.lines[0] %></a>\
<% } else { %><% for (const [index, line] of fact.lines.entries()) { %><% if (index > 0) { %><br><% } %><%= line %><% } %><% } %></dd><% } %>
</dl></div>
</section>
</main>`,

  '@act': `<section class="act" aria-labelledby="how">
<h2 id="how"><%= it.taler.heading %></h2>
<p class="lead" id="lead"><%= it.taler.lead %></p>
<% if (it.taler.code) { %><div class="code"><svg viewBox="0 0 <%= it.taler.code.size %> <%= it.taler.code.size %>" role="img"\
 aria-label="<%= it.taler.codeLabel %>" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h<%= it.taler.code.size %>v<%= it.taler.code.size %>H0z"/>\
<path stroke="#000" d="<%= it.taler.code.path %>"/></svg></div>
<% } %><a class="button" href="<%= it.taler.uri %>"><%= it.texts.openWallet %></a>
<p class="wait" id="status" role="status" data-text="<%= it.taler.waiting %>"><%= it.taler.waiting %></p>
<noscript><p class="hint"><%= it.withoutScript %> <a href=""><%= it.texts.lookNow %></a></p></noscript>
<details><summary><%= it.texts.linkAsText %></summary><code><%= it.taler.uri %></code></details>
<% if (it.kind === 'pay') { %><p class="hint"><%= it.texts.noWallet %> <a href="<%= it.texts.walletUrl %>" rel="noreferrer"><%= it.texts.getWallet %></a></p>
<% } %></section>
`,

  '@trouble': `<main>
<section class="note" aria-labelledby="what">
<div class="badge off"><svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="3"\
 stroke-linecap="round" stroke-linejoin="round"><path d="M12 4v10m0 5v.01"/></svg><h1 id="what"><%= it.trouble.heading %></h1></div>
<p class="lead"><%= it.trouble.lead %></p>
</section>
</main>`,

  '@lang': `<% if (it.lang) { %> lang="<%= it.lang %>"<% } %>`,
};
