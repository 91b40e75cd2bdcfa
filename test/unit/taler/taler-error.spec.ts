import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorFacts, TalerCode } from '../../../src/taler/error-codes';
import { TalerError } from '../../../src/taler/taler-error';

describe('error codes', () => {
  const names = Object.entries(TalerCode);

  it('are the rows of the registry, one for one', () => {
    const lines = readFileSync('src/taler/error-codes.csv', 'utf8').trim().split('\n').slice(1);
    expect(names).toHaveLength(lines.length);
    expect(errorFacts.size).toBe(lines.length);
    for (const line of lines) {
      const [name, value, httpStatus] = line.split(',');
      const facts = errorFacts.get(Number(value));
      expect(facts).toMatchObject({ name, httpStatus: Number(httpStatus) });
      expect(facts?.hint).not.toBe('');
    }
  });

  it('unquote hints with commas', () => {
    expect(errorFacts.get(TalerCode.GENERIC_REPLY_MALFORMED)?.hint).toBe(
      'Reply parses but breaks the protocol rules (missing field, bad value, ...)',
    );
  });

  it('are what the generator writes', () => {
    const run = (): string =>
      execFileSync(process.execPath, ['scripts/generate-error-codes.mjs', '--check'], { encoding: 'utf8' });
    expect(run).not.toThrow();
  });
});

describe('TalerError', () => {
  it('takes status and hint from the registry', () => {
    const error = new TalerError(TalerCode.GENERIC_JSON_INVALID, {
      detail: 'coins',
      extra: { field: 'coins', line: 0 },
    });
    expect(error.status).toBe(400);
    expect(error.message).toBe('GENERIC_JSON_INVALID: coins');
    expect(error.toBody()).toEqual({
      code: 22,
      hint: 'Request body is no valid JSON, or a field in it is missing or of the wrong form',
      detail: 'coins',
      field: 'coins',
      line: 0,
    });
  });

  it('leaves out what is absent and does not let extra members hide the code', () => {
    const error = new TalerError(TalerCode.GENERIC_ENDPOINT_UNKNOWN, { extra: { code: 1, hint: 'x' } });
    expect(error.toBody()).toEqual({ code: 21, hint: errorFacts.get(21)?.hint });
    expect(Object.keys(error.toBody())).not.toContain('detail');
    expect(error.message).toBe('GENERIC_ENDPOINT_UNKNOWN');
  });

  it('answers with another status if the endpoint says so, and with 500 for codes without one', () => {
    expect(new TalerError(TalerCode.GENERIC_ENDPOINT_UNKNOWN, { status: 410 }).status).toBe(410);
    expect(errorFacts.get(TalerCode.INVALID)?.httpStatus).toBe(0);
    expect(new TalerError(TalerCode.INVALID).status).toBe(500);
  });

  it('keeps the cause', () => {
    const cause = new Error('inner');
    expect(new TalerError(TalerCode.GENERIC_TIMEOUT, { cause }).cause).toBe(cause);
  });
});
