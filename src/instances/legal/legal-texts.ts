import { hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LegalFolder } from '../../platform/config/config';
import { encodeBase32 } from '../../taler/base32';

/** Larger than any terms of service, images included; all of them are kept in memory. */
const DOCUMENT_BYTES_MAX = 8 * 1024 * 1024;
/** Languages times formats. */
const DOCUMENTS_MAX = 500;

/** What is served, by the extension of the file (management.md 5.3); in the order of preference where any will do. */
const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  html: 'text/html',
  htm: 'text/html',
  md: 'text/markdown',
  pdf: 'application/pdf',
  epub: 'application/epub+zip',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  svg: 'image/svg+xml',
  webp: 'image/webp',
};

/** One text in one language and one format. */
export interface LegalDocument {
  readonly type: string;
  /** As in Accept-Language: `de-CH`. */
  readonly language: string;
  readonly body: Buffer;
  /** Bare, without the quotes of HTTP. */
  readonly etag: string;
}

/** All that there is of one text, such as the terms of service. */
export interface LegalText {
  /** What `Taler-Terms-Version` says: the name of the files. */
  readonly version: string;
  /** In the order in which they are preferred where the client does not care. */
  readonly documents: readonly LegalDocument[];
}

/**
 * Reads `DIRECTORY/LANGUAGE/VERSION.EXTENSION`, the layout of all Taler services, once and for all: no request ever
 * names a file.
 * @throws Error that says what is wrong with the folder
 */
export function readLegalText({ directory, version: wanted }: LegalFolder): LegalText {
  const files = listFiles(directory).filter(({ version }) => wanted === undefined || version === wanted);
  const versions = [...new Set(files.map(({ version }) => version))];
  const [version] = versions;
  if (version === undefined) throw new Error(`${directory}: no LANGUAGE/${wanted ?? 'VERSION'}.EXTENSION`);
  if (versions.length > 1) {
    throw new Error(`${directory}: holds the versions ${versions.join(', ')}; say which one is in force`);
  }
  if (files.length > DOCUMENTS_MAX) throw new Error(`${directory}: more than ${DOCUMENTS_MAX} files`);
  return { version, documents: files.map(toDocument).sort(byPreference) };
}

interface LegalFile {
  readonly path: string;
  readonly language: string;
  readonly version: string;
  readonly type: string;
}

function listFiles(directory: string): LegalFile[] {
  return readdirSync(directory).flatMap((folder) => {
    const path = join(directory, folder);
    const isLanguage = /^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$/.test(folder) && statSync(path).isDirectory();
    if (!isLanguage) return [];
    return readdirSync(path).flatMap((name) => {
      const [, version = '', extension = ''] = /^([\w.-]+)\.([a-z]+)$/i.exec(name) ?? [];
      const type = TYPES[extension.toLowerCase()];
      if (type === undefined) return [];
      return [{ path: join(path, name), language: folder.replaceAll('_', '-'), version, type }];
    });
  });
}

function toDocument({ path, language, type }: LegalFile): LegalDocument {
  const body = readFileSync(path);
  if (body.length > DOCUMENT_BYTES_MAX) throw new Error(`${path}: larger than ${DOCUMENT_BYTES_MAX} bytes`);
  return { type, language, body, etag: encodeBase32(hash('sha256', body, 'buffer')) };
}

const TYPE_ORDER = [...new Set(Object.values(TYPES))];

/** Plain text first and English first, which is what silence asks for (management.md 5.3). */
function byPreference(one: LegalDocument, other: LegalDocument): number {
  const byType = TYPE_ORDER.indexOf(one.type) - TYPE_ORDER.indexOf(other.type);
  if (byType !== 0) return byType;
  const rank = ({ language }: LegalDocument) => (/^en\b/i.test(language) ? 0 : 1);
  return rank(one) - rank(other) || one.language.localeCompare(other.language, 'en');
}
