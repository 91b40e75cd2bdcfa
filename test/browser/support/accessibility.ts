import type { Page } from 'playwright-core';

/**
 * Looks for what keeps people from using a page: text without enough contrast (WCAG 1.4.3), pictures and links without
 * a name (1.1.1, 2.4.4), missing landmarks, language and title (1.3.1, 3.1.1, 2.4.2), headings out of order, small
 * targets (2.5.8), scrolling in two directions (1.4.10). Runs in the page, so it is text: it knows the DOM, we do not.
 */
const AUDIT = `(() => {
  const faults = [];
  const describe = (element) => element.outerHTML.slice(0, 120);
  const visible = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.textContent.trim() === '' || !visible(element)) continue;
    const lights = [rgb(getComputedStyle(element).color).slice(0, 3), backgroundOf(element)].map(luminance);
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (ratio < 4.5) faults.push('contrast ' + ratio.toFixed(2) + ': ' + describe(element));
  }
  for (const image of document.querySelectorAll('img')) {
    if (!image.hasAttribute('alt')) faults.push('no alt: ' + describe(image));
  }
  for (const image of document.querySelectorAll('svg')) {
    const isNamed = image.getAttribute('role') === 'img' && image.getAttribute('aria-label');
    if (!isNamed && image.getAttribute('aria-hidden') !== 'true') faults.push('no name: ' + describe(image));
  }
  for (const target of document.querySelectorAll('a, button, summary')) {
    if (!visible(target)) continue;
    if (target.textContent.trim() === '') faults.push('no name: ' + describe(target));
    const { width, height } = target.getBoundingClientRect();
    const isInText = getComputedStyle(target).display === 'inline';
    if (!isInText && (width < 24 || height < 24)) faults.push('small target: ' + describe(target));
  }
  for (const name of ['main', 'footer']) {
    if (document.querySelectorAll(name).length !== 1) faults.push('not one ' + name);
  }
  for (const section of document.querySelectorAll('section')) {
    const label = document.getElementById(section.getAttribute('aria-labelledby')) ?? section;
    if (!(section.getAttribute('aria-label') || label.textContent.trim())) faults.push('no name: ' + describe(section));
  }
  const levels = [...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]));
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) faults.push('headings ' + levels);
  if (!document.documentElement.lang) faults.push('no language');
  if (document.title.trim() === '') faults.push('no title');
  if (document.documentElement.scrollWidth > innerWidth) {
    faults.push('scrolls sideways: ' + document.documentElement.scrollWidth + ' > ' + innerWidth);
  }
  return faults;
})()`;

/** What is wrong with the page as it is now; empty: nothing that these checks find. */
export function auditPage(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(AUDIT);
}
