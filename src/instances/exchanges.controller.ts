import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import type { ExchangeStatus } from '../exchange/exchange-status';
import { Public } from '../platform/http/permission';
import { Operation } from '../platform/openapi/answers';
import { timestampToJson } from '../taler/timestamp';
import { ExchangeStatusResponse } from './dto/exchanges.response';

/** `GET exchanges`: how it stands with the trusted exchanges, for diagnosis (management.md 5.2). */
@ApiTags('Configuration')
@Controller('exchanges')
export class ExchangesController {
  constructor(private readonly keys: ExchangeKeysCache) {}

  @Get()
  @Public()
  @Header('Cache-Control', 'no-store')
  @Operation({
    summary: 'State of the trusted exchanges',
    good: {
      200: { description: 'all exchanges of the configuration, in its order', body: ExchangeStatusResponse },
    },
    errors: [],
  })
  list() {
    return { exchanges: this.keys.status().map(toExchangeStatusDetail) };
  }
}

function toExchangeStatusDetail(status: ExchangeStatus) {
  const { keysExpiration } = status;
  return {
    exchange_url: status.baseUrl,
    next_download: timestampToJson(status.nextDownload),
    keys_expiration: keysExpiration === undefined ? undefined : timestampToJson(keysExpiration),
    debit_restrictions: status.debitRestrictions,
    keys_http_status: status.httpStatus,
    keys_ec: status.code,
    keys_hint: status.hint,
  };
}
