/** Characters of web URLs accepted from JSON (conventions.md 5.9). */
const WEB_URL = /^https?:\/\/[A-Za-z0-9/:;&?\-.,=_~%+#]+$/;
const IMAGE_DATA_URL = /^data:image\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/;

export function isWebUrl(text: string): boolean {
  if (!WEB_URL.test(text)) return false;
  try {
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}

/** An RFC 2397 data URL with an image type (orders.md 8.5). */
export function isImageDataUrl(text: string): boolean {
  return IMAGE_DATA_URL.test(text);
}
