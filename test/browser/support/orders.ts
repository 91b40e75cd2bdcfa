/** A picture of one letter, as shops send them: a data: URL. */
function picture(color: string, letter: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="${color}"/>
    <text x="32" y="42" font-size="30" text-anchor="middle" fill="#fff">${letter}</text></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** An order with a bit of everything that a page shows. */
export const CAFE = {
  amount: 'KUDOS:5',
  summary: 'Two espresso and a croissant',
  summary_i18n: { de: 'Zwei Espresso und ein Croissant', fr: 'Deux espressos et un croissant' },
  fulfillment_message: 'Your table is number 7.\nEnjoy!',
  products: [
    { description: 'Espresso', quantity: 2, price: 'KUDOS:3', image: picture('#6b3e26', 'E') },
    {
      product_name: 'Croissant',
      description: 'Baked this morning, with butter',
      description_i18n: { de: 'Heute früh gebacken, mit Butter', fr: 'Cuit ce matin, au beurre' },
      quantity: 1,
      price: 'KUDOS:2',
      taxes: [{ name: 'VAT 2.6%', tax: 'KUDOS:0.05' }],
      image: picture('#d99a3d', 'C'),
    },
  ],
};
