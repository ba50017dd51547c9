import { isSmsText, PRICE_PARAM } from '../sms-text.js';
import { isMap } from './jsonSchema.js';

/** Params that no stage names, since a dry run reads them: the price of a segment, where an input holds texts of SMS. */
export function dryRunParams(document: Readonly<Record<string, unknown>>): readonly string[] {
  const inputs = Object.values(isMap(document.inputs) ? document.inputs : {});
  const sendsSms = inputs.some((input) => {
    const row = isMap(input) && isMap(input.row) ? input.row : {};
    const columns = Object.keys(isMap(row.properties) ? row.properties : {});
    return columns.some((column) => isSmsText(row, column));
  });
  return sendsSms ? [PRICE_PARAM] : [];
}
