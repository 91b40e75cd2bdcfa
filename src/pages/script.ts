/**
 * The script of all pages; without it they work by a meta tag that loads them again. It asks the page's own address for
 * JSON (orders.md 5.7), so it needs no URL and no text of the contract; of the answers it uses http(s) URLs only.
 */
export const SCRIPT = `
(() => {
  'use strict';
  const { body } = document;
  const { page, locale, left } = body.dataset;
  // Ends before the time-outs of usual proxies; then a look whether a wallet holds the order by now.
  const WAIT_MS = 20000;
  const PAUSES_MS = [1000, 2000, 5000, 15000];
  // Longest time a browser's timer can hold.
  const TIMER_MS_MAX = 2147483647;

  function localTimes(root) {
    const clock = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
    for (const time of root.querySelectorAll('time')) time.textContent = clock.format(new Date(time.dateTime));
  }

  function say(text, isDone) {
    const status = document.getElementById('status');
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle('done', isDone);
  }

  function webUrl(text) {
    try {
      const { protocol, href } = new URL(text);
      return protocol === 'https:' || protocol === 'http:' ? href : undefined;
    } catch {
      return undefined;
    }
  }

  function pollUrl() {
    const url = new URL(location.href);
    url.hash = '';
    for (const name of ['refund', 'await_refund_obtained']) url.searchParams.delete(name);
    if (page === 'refund') url.searchParams.set('await_refund_obtained', 'yes');
    url.searchParams.set('timeout_ms', WAIT_MS);
    return url;
  }

  /** Leaves the page if the answer says so. */
  function follow(status, answer) {
    if (page === 'refund') {
      if (status === 200 && answer.refund_pending) return false;
      if (status === 200) say(body.dataset.refunded, true);
      location.reload();
      return true;
    }
    const goal = webUrl(answer.fulfillment_url);
    const isBoughtBefore = status === 402 && answer.already_paid_order_id !== undefined;
    if (goal && (status === 200 || status === 202 || isBoughtBefore)) {
      say(body.dataset.going, true);
      location.replace(goal);
      return true;
    }
    if (status === 402) return false;
    if (status === 200) say(body.dataset.showing, true);
    location.reload();
    return true;
  }

  /** A claim does not end the poll: shows who holds the order when that has changed. */
  async function refresh() {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (fresh.body.dataset.page !== page) return location.reload();
    if (fresh.body.dataset.situation === body.dataset.situation) return;
    localTimes(fresh);
    body.dataset.situation = fresh.body.dataset.situation;
    const status = document.getElementById('status');
    for (const name of ['how', 'lead']) {
      document.getElementById(name).textContent = fresh.getElementById(name).textContent;
    }
    status.dataset.text = fresh.getElementById('status').dataset.text;
    say(status.dataset.text, false);
  }

  let wakeUp = () => {};
  const pause = (ms) => new Promise((resolve) => { wakeUp = resolve; setTimeout(resolve, ms); });
  // Who comes back from the wallet wants to see at once that it worked.
  document.addEventListener('visibilitychange', () => { if (!document.hidden) wakeUp(); });

  async function watch() {
    for (let failures = 0; ; ) {
      const startedMs = performance.now();
      try {
        const answer = await fetch(pollUrl(), { headers: { accept: 'application/json' }, cache: 'no-store' });
        if (answer.status >= 500 || answer.status === 429) throw new Error('busy');
        if (follow(answer.status, await answer.json())) return;
        say(document.getElementById('status').dataset.text, false);
        await refresh();
        failures = 0;
        // An answer that came at once must not make a storm.
        if (performance.now() - startedMs < 1000) await pause(PAUSES_MS[1]);
      } catch {
        say(body.dataset.offline, false);
        await pause(PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]);
      }
    }
  }

  localTimes(document);
  if (page !== 'pay' && page !== 'refund') return;
  if (left && Number(left) < TIMER_MS_MAX) setTimeout(() => location.reload(), Number(left));
  watch();
})();
`;
