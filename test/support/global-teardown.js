/** Stops and deletes what global-setup.js started; a server the caller brought is left alone. */
module.exports = async function globalTeardown() {
  await globalThis.stopTestDatabase?.();
  globalThis.stopTestDatabase = undefined;
};
