import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { RULES } from '../../src/rules/judge.js';
import { type Files, judged, only, PUBLISHED, rulesOf, SEND, SMALL, said } from './files.js';

const CONFIG = 'rtn.yaml';
const config = (rules: object): Files => ({ [CONFIG]: stringify({ schema: 'config/v1', rules }) });

/** One error that may be weakened. */
const BAD = said(SMALL, SEND, { params: { a: { type: 'string' } } });
const RULE = 'reference/unused-param';
const severities = (files: Files, options?: Parameters<typeof judged>[1]) =>
  judged(files, options).findings.map(({ rule, severity }) => `${severity} ${rule}`);

describe('rtn.yaml', () => {
  test.each<[string, Files, string[]]>([
    ['says nothing', {}, [`error ${RULE}`]],
    ['lowers a rule', config({ [RULE]: 'warning' }), [`warning ${RULE}`]],
    ['turns a rule off', config({ [RULE]: 'off' }), []],
    ['turns a rule off without quotes', { [CONFIG]: `schema: config/v1\nrules:\n  ${RULE}: off\n` }, []],
    ['sets another rule', config({ 'reference/type': 'off' }), [`error ${RULE}`]],
  ])('%s', (_, set, expected) => expect(severities({ ...BAD, ...set })).toEqual(expected));

  test('raises a warning', () => {
    const legacy = {
      ...SMALL,
      'operations/send/2.0.yaml': said(SMALL, SEND, { version: '2.0.0' })[SEND] ?? '',
    };
    expect(severities(legacy)).toEqual(['warning version/legacy']);
    expect(severities({ ...legacy, ...config({ 'version/legacy': 'error' }) })).toEqual([
      'error version/legacy',
    ]);
  });

  test('raises what a rule itself says only warns', () => {
    const script = said(SMALL, SEND, { runners: { main: { template: 'script@1.0.0', run: './x.sh' } } });
    const files = {
      ...script,
      ...{
        'templates/script/1.0.0.yaml': (script['templates/task/1.0.0.yaml'] ?? '')
          .replace('name: task', 'name: script')
          .replace('stages: []', 'stages: [run]'),
      },
      'templates/script/1.0.0.mjs.hbs': '//\n',
    };
    expect(severities(files)).toEqual(['warning script/missing']);
    expect(severities({ ...files, ...config({ 'script/missing': 'error' }) })).toEqual([
      'error script/missing',
    ]);
    expect(severities({ ...files, ...config({ 'script/missing': 'off' }) })).toEqual([]);
  });

  test.each(RULES.filter(({ isFirm }) => isFirm === true).map(({ id }) => id))('cannot weaken %s', (id) => {
    for (const severity of ['off', 'warning']) {
      const found = only(judged({ ...SMALL, ...config({ [id]: severity }) }));
      expect(found).toMatchObject({
        rule: 'config/rule',
        severity: 'error',
        file: CONFIG,
        line: 3,
        message: `${id} cannot be weakened; except a single version in waivers.yaml`,
      });
    }
    expect(judged({ ...SMALL, ...config({ [id]: 'error' }) }).findings).toEqual([]);
  });

  test('that tries to weaken a firm rule leaves it as it is', () => {
    const edit = said(PUBLISHED, SEND, { policy: { drain_timeout: '30s' } });
    expect(severities({ ...edit, ...config({ 'version/immutable': 'off' }) })).toEqual([
      'error version/immutable',
      'error config/rule',
    ]);
  });

  test('is held to rules that exist', () => {
    expect(only(judged({ ...SMALL, ...config({ 'reference/unused-parm': 'off' }) })).message).toBe(
      "there is no rule 'reference/unused-parm'; did you mean 'reference/unused-param'?",
    );
  });

  test('sets the rules of waivers, too', () => {
    const waivers = stringify({
      schema: 'waivers/v1',
      waivers: [
        {
          name: 'send',
          version: '1.0.0',
          rule: RULE,
          reason: 'long enough',
          owner: 'x',
          expires: '2030-01-01',
        },
        {
          name: 'send',
          version: '1.0.9',
          rule: RULE,
          reason: 'long enough',
          owner: 'x',
          expires: '2030-01-01',
        },
      ],
    });
    const files = { ...SMALL, 'waivers.yaml': waivers };
    expect(severities(files)).toEqual(['warning waiver/unused', 'error waiver/unknown']);
    expect(
      severities({ ...files, ...config({ 'waiver/unused': 'error', 'waiver/unknown': 'warning' }) }),
    ).toEqual(['error waiver/unused', 'warning waiver/unknown']);
    expect(severities({ ...files, ...config({ 'waiver/unused': 'off', 'waiver/unknown': 'off' }) })).toEqual(
      [],
    );
  });

  test.each<[string, string, string]>([
    ['is no YAML', 'rules: {', 'yaml/syntax'],
    ['has no schema', 'rules: {}', 'schema/required'],
    ['has a misspelt key', 'schema: config/v1\nrulez: {}', 'schema/unknown-key'],
    ['has another severity', `schema: config/v1\nrules: {${RULE}: info}`, 'schema/value'],
    ['has a rule that is no id', 'schema: config/v1\nrules: {"*": "off"}', 'schema/value'],
    [
      'sets a rule twice',
      `schema: config/v1\nrules:\n  ${RULE}: "off"\n  ${RULE}: error`,
      'yaml/duplicate-key',
    ],
  ])('that %s sets nothing, and is told', (_, text, rule) => {
    expect(rulesOf(judged({ ...BAD, [CONFIG]: text }))).toEqual([`${RULE} ${SEND}`, `${rule} ${CONFIG}`]);
  });
});

describe('with a base, its settings judge the change', () => {
  const clean = SMALL;

  test.each<[string, Files, Files, string[]]>([
    ['a change that lowers a rule', {}, config({ [RULE]: 'warning' }), [`error ${RULE}`]],
    ['a change that turns a rule off', config({}), config({ [RULE]: 'off' }), [`error ${RULE}`]],
    ['a rule that is off on the base', config({ [RULE]: 'off' }), config({ [RULE]: 'off' }), []],
    ['a change that turns a rule on', config({ [RULE]: 'off' }), config({ [RULE]: 'error' }), []],
    ['a change that takes rtn.yaml away', config({ [RULE]: 'warning' }), {}, [`warning ${RULE}`]],
    ['a broken rtn.yaml on the base', { [CONFIG]: 'rules: {' }, { [CONFIG]: 'rules: {' }, [`error ${RULE}`]],
  ])('%s', (_, old, now, expected) => {
    expect(severities({ ...BAD, ...now }, { before: { ...clean, ...old } })).toEqual(expected);
  });

  test('what is wrong with the new settings is told', () => {
    const after = { ...clean, ...config({ 'version/immutable': 'off' }) };
    expect(severities(after, { before: clean })).toEqual(['error config/rule']);
  });
});
