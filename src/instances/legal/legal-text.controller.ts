import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Clock } from '../../platform/clock';
import { AppConfig } from '../../platform/config/config';
import { bareTag } from '../../platform/http/entity-tag';
import { Public } from '../../platform/http/permission';
import { Operation, OperationFacts } from '../../platform/openapi/answers';
import { LegalDocument, LegalText, readLegalText } from './legal-texts';

/** Ten days, as the reference (management.md 5.3). */
const MAX_AGE_S = 864_000;
/** A text may bring its own style and pictures, and nothing that runs or calls home. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TEXT = { type: 'string' } as const;
const BYTES = { type: 'string', format: 'binary' } as const;

const operation = (summary: string): OperationFacts => ({
  summary,
  description:
    'Accept and Accept-Language choose among what there is, first the format, then the language; where nothing fits, ' +
    'anything is sent. Without these headers: text/plain in English.',
  good: {
    200: {
      description: 'the text',
      contentType: 'text/plain',
      body: TEXT,
      alsoAs: {
        'text/html': TEXT,
        'text/markdown': TEXT,
        'application/pdf': BYTES,
        'application/epub+zip': BYTES,
        'image/png': BYTES,
        'image/jpeg': BYTES,
        'image/gif': BYTES,
        'image/svg+xml': TEXT,
        'image/webp': BYTES,
      },
      headers: {
        ETag: 'of the very document',
        'Content-Language': 'language of the document',
        'Taler-Terms-Version': 'version of the text, in whatever language and format',
        'Avail-Languages': 'languages that there are in this format',
        Vary: 'what the choice depends on',
        Expires: 'in ten days',
        'Cache-Control': 'public',
      },
    },
    304: {
      description: 'the client has it',
      headers: {
        ETag: 'of the document',
        'Taler-Terms-Version': 'version of the text',
        Expires: 'in ten days',
      },
    },
    501: { description: 'none is configured', contentType: 'text/plain', body: TEXT },
  },
  errors: [],
  headers: [{ name: 'If-None-Match', description: 'ETags, quoted or bare' }],
});

/** `GET terms`, `GET privacy`: the legal texts of the service (management.md 5.3). */
@ApiTags('Configuration')
@Controller()
export class LegalTextController {
  private readonly termsText: LegalText | undefined;
  private readonly privacyText: LegalText | undefined;

  /** @throws Error at start-up when a configured folder cannot be used */
  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.termsText = config.terms && readLegalText(config.terms);
    this.privacyText = config.privacy && readLegalText(config.privacy);
  }

  @Get('terms')
  @Public()
  @Operation(operation('Terms of service'))
  terms(@Req() request: Request, @Res() response: Response): void {
    this.send(this.termsText, 'terms of service', request, response);
  }

  @Get('privacy')
  @Public()
  @Operation(operation('Privacy policy'))
  privacy(@Req() request: Request, @Res() response: Response): void {
    this.send(this.privacyText, 'privacy policy', request, response);
  }

  private send(text: LegalText | undefined, name: string, request: Request, response: Response): void {
    const chosen = text && choose(text, request);
    if (!text || !chosen) {
      response.status(501).type('text/plain').send(`This server has no ${name}.\n`);
      return;
    }
    const expires = new Date(Number(this.clock.nowUs() / 1000n) + MAX_AGE_S * 1000);
    response.set({
      ETag: `"${chosen.etag}"`,
      'Taler-Terms-Version': text.version,
      Expires: expires.toUTCString(),
      'Cache-Control': `public,max-age=${MAX_AGE_S}`,
      Vary: 'Accept-Language,Accept,Accept-Encoding',
    });
    if (isNamed(chosen.etag, request.headers['if-none-match'])) {
      response.status(304).end();
      return;
    }
    const sameFormat = text.documents.filter(({ type }) => type === chosen.type);
    response.set({
      'Content-Language': chosen.language,
      'Avail-Languages': sameFormat.map(({ language }) => language).join(','),
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    });
    response.type(chosen.type).send(chosen.body);
  }
}

/** First the format, then the language; what is preferred comes first where the client has no wish that can be met. */
function choose({ documents }: LegalText, request: Request): LegalDocument | undefined {
  const types = [...new Set(documents.map(({ type }) => type))];
  const type = request.accepts(types) || types[0];
  const sameFormat = documents.filter((document) => document.type === type);
  const languages = sameFormat.map(({ language }) => language);
  const language = request.acceptsLanguages(languages) || languages[0];
  return sameFormat.find((document) => document.language === language);
}

/** Quoted or bare, in any case, or a list of them (management.md 5.3). */
function isNamed(etag: string, header: string | undefined): boolean {
  const tags = (header ?? '').split(',').map((tag) => bareTag(tag.trim()));
  return tags.some((tag) => tag === '*' || tag.toLowerCase() === etag.toLowerCase());
}
