import { describe, expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { repository } from '../author/repository.js';

const DRAFT = 'operations/order_ready/0.1.0.yaml';

/** What `rtn init` makes, with one operation; all published and committed. */
async function published() {
  const house = repository({ isEmpty: true, components: COMPONENTS });
  await house.rtn('init');
  await house.rtn('new', 'operation', 'driver_push', '--title', 'Push notifications');
  await house.publish();
  return house;
}

describe('rtn new operation', () => {
  test('writes a draft that check and generate take at once', async () => {
    const { rtn, read } = await published();
    expect(await rtn('new', 'operation', 'order_ready', '--title', 'Order: ready')).toEqual({
      code: 0,
      err: '',
      out: `new draft operation order_ready@0.1.0: ${DRAFT}\nnext: edit ${DRAFT}, then rtn check && rtn generate order_ready --draft\n`,
    });
    const draft = read(DRAFT);
    expect(draft).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schemas\/operation\.schema\.json\n/);
    expect(draft).toContain('title: "Order: ready"\n');
    expect(draft).toContain('layer: default@1.0.0\n');
    expect(await rtn('check')).toMatchObject({ code: 0 });
    expect(await rtn('generate', 'order_ready', '--draft')).toMatchObject({
      code: 0,
      out: 'wrote runners/order_ready-0.1.0.one-shot.mjs\n',
    });
    expect(await rtn('publish', 'order_ready')).toMatchObject({ code: 0 });
  });

  test.each(['driver_push', 'driver_push@0.1.0'])(
    '--from %s is a draft that does the same, with a log of its own',
    async (from) => {
      const { rtn, read } = await published();
      expect(await rtn('new', 'operation', 'order-ready', '--title', 'Ready', '--from', from)).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining('(from driver_push@0.1.0)'),
      });
      const draft = read('operations/order-ready/0.1.0.yaml');
      expect(draft).toContain('# Begun as a copy of driver_push@0.1.0.\n');
      expect(draft).toMatch(/^name: order-ready\nversion: 0\.1\.0\nstatus: draft\ntitle: Ready$/m);
      expect(draft).toContain('default: pg:order_ready_log');
      expect(draft).not.toMatch(/^published:/m);
      expect(await rtn('check')).toMatchObject({ code: 0 });
      expect(await rtn('generate', 'order-ready', '--draft')).toMatchObject({ code: 0 });
    },
  );

  test.each([
    [['--from', 'drivre_push'], 'there is no operation drivre_push'],
    [['--from', 'driver_push', '--url', '/v2'], '--from copies the runners'],
  ])('%j is refused', async (flags, message) => {
    const { rtn } = await published();
    const refused = await rtn('new', 'operation', 'order_ready', '--title', 'Ready', ...flags);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });

  test.each([
    [['zmq'], ['service']],
    [
      ['table', 'zmq'],
      ['one-shot', 'service'],
    ],
    [
      ['zmq', 'table', 'zmq'],
      ['service', 'one-shot'],
    ],
  ])('--reader %j gives the runners %j', async (readers, runners) => {
    const { rtn, read } = await published();
    const words = [
      'new',
      'operation',
      'order-ready',
      '--title',
      'x',
      '--url',
      '/v2/sms',
      '--version',
      '1.0.0',
    ];
    expect(await rtn(...words, '--reader', ...readers)).toMatchObject({ code: 0, err: '' });
    expect(read('operations/order-ready/1.0.0.yaml')).toContain('url: "${params.endpoint}/v2/sms"');
    expect(read('operations/order-ready/1.0.0.yaml')).toContain('default: pg:order_ready_log');
    expect(await rtn('check', '--strict')).toMatchObject({ code: 0 });
    const { out } = await rtn('generate', 'order-ready', '--draft');
    expect(out).toBe(runners.map((name) => `wrote runners/order-ready-1.0.0.${name}.mjs\n`).join(''));
  });

  test('asks on a terminal for what was not given, and again where the answer will not do', async () => {
    const { asked, read, rtn } = await published();
    const answers = ['Order Ready', '', '', 'An order is ready', 'crm', 'tabel', 'table, zmq', ''];
    const result = await asked(answers, 'new', 'operation');
    expect(result).toMatchObject({ code: 0, left: [] });
    expect(result.questions).toEqual([
      'Name of the operation',
      'Name of the operation [order_ready]',
      'Title, in one line',
      'Title, in one line',
      'Owner, team or person (may be empty)',
      'Reader: table (runs once), zmq (a service), or both as table zmq [table]',
      'Reader: table (runs once), zmq (a service), or both as table zmq [table]',
      'Path behind the address of the service that sends [/v1/send]',
    ]);
    expect(result.err).toMatch(/^'Order Ready' is no name: .*\nthere is no reader 'tabel'\n$/);
    expect(read(DRAFT)).toMatch(/title: An order is ready\nowner: crm\n[\s\S]*one-shot:[\s\S]*service:/);
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('tells a taken name before it asks anything else', async () => {
    const { asked } = await published();
    expect(await asked([], 'new', 'operation', 'driver_push')).toMatchObject({
      code: 2,
      questions: [],
      err: 'rtn: operation driver_push exists already (0.1.0)\nnext: rtn bump driver_push\n',
    });
  });

  test('wants the layer where there are several', async () => {
    const { rtn } = await published();
    await rtn('new', 'layer', 'other', '--title', 'x');
    await rtn('publish', 'other');
    const words = ['new', 'operation', 'order_ready', '--title', 'x'];
    expect((await rtn(...words)).err).toContain('--layer NAME@VERSION (one of default@1.0.0, other@0.1.0)');
    expect(await rtn(...words, '--layer', 'other@0.1.0')).toMatchObject({ code: 0 });
  });

  test.each([
    [[], 'NAME is missing, and there is no terminal'],
    [['order_ready'], '--title TEXT is missing'],
    [['Order Ready', '--title', 'x'], "did you mean 'order_ready'?"],
    [['order_ready', '--title', ' '], '--title TEXT is empty'],
    [['order_ready', '--title', 'x', '--layer', 'default@1.0.1'], "did you mean 'default@1.0.0'?"],
    [
      ['order_ready', '--title', 'x', '--url', 'https://x.org'],
      'is no path; the address before it is the param',
    ],
    [['order_ready', '--title', 'x', '--reader', 'file'], 'Allowed choices are table, zmq'],
    [['order_ready', '--title', 'x', '--version', '1.0'], "'1.0' is no strict version"],
  ])('%j is refused as usage, and nothing is written', async (words, message) => {
    const { rtn, git } = await published();
    expect(await rtn('new', 'operation', ...words)).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    });
    expect(git('status', '--porcelain')).toBe('');
  });

  test('refuses what check would not take', async () => {
    const { rtn, git } = await published();
    const words = ['--title', 'x', '--url', '/v1/${row.nobody}'];
    expect(await rtn('new', 'operation', 'order_ready', ...words)).toMatchObject({
      code: 1,
      err: expect.stringContaining('${row.nobody} names nothing'),
    });
    expect(git('status', '--porcelain')).toBe('');
  });

  test('writes nothing in a dry run', async () => {
    const { rtn, git } = await published();
    const { out } = await rtn('new', 'operation', 'order_ready', '--title', 'x', '--dry-run');
    expect(out).toContain('would: new draft operation order_ready@0.1.0');
    expect(git('status', '--porcelain')).toBe('');
  });
});

describe('rtn new layer', () => {
  test('names the package itself and those asked for', async () => {
    const { rtn, read } = await published();
    const packages = ['--package', 'pg@8.16.3', '@crm/tools@1.0.0'];
    expect(await rtn('new', 'layer', 'crm', '--title', 'CRM', ...packages)).toMatchObject({ code: 0 });
    expect(read('layers/crm/0.1.0.yaml')).toMatch(
      /packages:\n {2}realtime-notifications: \d+\.\d+\.\d+\n {2}pg: 8\.16\.3\n {2}"@crm\/tools": 1\.0\.0\n$/,
    );
    expect(await rtn('publish', 'crm')).toMatchObject({ code: 0 });
  });

  test.each(['pg', 'pg@8', '@crm/tools', 'pg@^8.0.0'])(
    'refuses the package %s: no exact version',
    async (name) => {
      const { rtn } = await published();
      expect(await rtn('new', 'layer', 'crm', '--title', 'CRM', '--package', name)).toMatchObject({
        code: 2,
        err: expect.stringContaining(`'${name}' is no package with an exact version`),
      });
    },
  );
});

describe('rtn new template', () => {
  test('begins with the stages and the text of another', async () => {
    const { rtn, read } = await published();
    const words = ['--title', 'Traces', '--from', 'service@1.0.0'];
    expect(await rtn('new', 'template', 'traced', ...words)).toMatchObject({ code: 0 });
    const draft = read('templates/traced/0.1.0.yaml');
    expect(draft).toContain(
      'status: draft\ntitle: Traces\nstages: [reader, sender, logger]\ntext: 0.1.0.mjs.hbs',
    );
    expect(draft).not.toContain('published:');
    expect(read('templates/traced/0.1.0.mjs.hbs')).toBe(read('templates/service/1.0.0.mjs.hbs'));
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('asks for the origin, one-shot by default', async () => {
    const { asked, read } = await published();
    const { questions } = await asked(['', ''], 'new', 'template', 'traced', '--title', 'Traces');
    expect(questions.at(-1)).toBe('Template to begin with [one-shot@1.0.0]');
    expect(read('templates/traced/0.1.0.yaml')).toContain('# Begun as a copy of one-shot@1.0.0.\n');
  });

  test('refuses an unknown origin', async () => {
    const { rtn } = await published();
    const words = ['--title', 'x', '--from', 'one-shit@1.0.0'];
    expect((await rtn('new', 'template', 'traced', ...words)).err).toContain(
      "did you mean 'one-shot@1.0.0'?",
    );
  });
});
