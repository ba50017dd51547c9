import { Document, isScalar, Scalar, visit } from 'yaml';
import { oneLine } from '../error.js';

/**
 * Kubernetes reads YAML 1.1, where `no`, `1:30` and `0777` are no texts: only words that begin with a letter stand
 * without quotes, and none of those that are a boolean or null there.
 */
const PLAIN = /^[A-Za-z][\w./-]*(?: [A-Za-z][\w./-]*)*$/;
const WORDS = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null']);

/** All but line ends, which are the document's own. */
const UNPRINTABLE =
  /[\u007f-\u009f\p{Noncharacter_Code_Point}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

/**
 * Objects as the documents of one YAML text, below a comment. Any text stays one scalar on one line: what is not
 * printable is written as an escape that YAML 1.1 and 1.2 both read.
 */
export function manifestText(comment: string, objects: readonly object[]): string {
  const texts = objects.map((object) => {
    const document = new Document(object, { aliasDuplicateObjects: false });
    visit(document, {
      Scalar(_, node) {
        if (isScalar(node) && typeof node.value === 'string')
          node.type = isPlain(node.value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
      },
    });
    return escaped(
      document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }),
    );
  });
  return `# ${oneLine(comment)}\n${texts.join('---\n')}`;
}

function isPlain(text: string): boolean {
  return PLAIN.test(text) && !WORDS.has(text.toLowerCase());
}

/** Beyond what JSON escapes: such characters can only stand between double quotes here. */
function escaped(yaml: string): string {
  return yaml.replace(UNPRINTABLE, (char) => {
    const digits = (char.codePointAt(0) ?? 0).toString(16);
    return digits.length > 4 ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
  });
}
