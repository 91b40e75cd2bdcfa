import { field } from '../../platform/http/field';
import type { ForgetPath } from '../../taler/contract-terms';
import { TalerCode } from '../../taler/error-codes';
import { parseForgetPaths, PATHS_MAX } from '../forgetting';

/** ForgetRequest (orders.md 4.5). */
export class ForgetDto {
  @field(
    {
      parse: parseForgetPaths,
      expects: `an array of at most ${PATHS_MAX} paths such as "$.products[*].description"`,
      schema: { type: 'array', items: { type: 'string' }, maxItems: PATHS_MAX },
    },
    {
      description: 'paths into the contract terms; each ends in a member',
      code: TalerCode.MERCHANT_PRIVATE_PATCH_ORDERS_ID_FORGET_PATH_SYNTAX_INCORRECT,
    },
  )
  fields!: ForgetPath[];
}
