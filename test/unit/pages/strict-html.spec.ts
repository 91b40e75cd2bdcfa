import { readMarkup } from './strict-html';

describe('the reader of pages', () => {
  it('tells tags, attributes, text and raw text apart', () => {
    expect(readMarkup('<p class="a &amp; b" hidden>1 &lt; 2<br></p><script>1 < 2</script>')).toEqual({
      tags: [
        { name: 'p', attributes: { class: 'a & b', hidden: '' } },
        { name: 'br', attributes: {} },
        { name: '/p', attributes: {} },
        { name: 'script', attributes: {} },
        { name: '/script', attributes: {} },
      ],
      text: '1 < 2',
      raw: ['1 < 2'],
    });
  });

  it.each([
    '<p>1 < 2</p>',
    '<p>1 > 2</p>',
    '<p>a & b</p>',
    '<p>&copy;</p>',
    '<p>&#60;</p>',
    '<p class=a>',
    `<p class='a'>`,
    '<p class="a"b">',
    '<p class="<b>">',
    '<p title="a & b">',
    '<!-- x -->',
    '<P>',
    '<p',
  ])('takes no %s', (html) => {
    expect(() => readMarkup(html)).toThrow();
  });
});
