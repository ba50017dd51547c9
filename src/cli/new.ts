import { type Command, Option } from 'commander';
import type { Plan } from '../author/plan.js';
import { refuseLeft } from '../author/verdict.js';
import { RtnError } from '../error.js';
import { PACKAGE_NAME } from '../generator/runner.js';
import { workTree } from '../git/worktree.js';
import { type ArtefactKind, referenceTo } from '../registry/artefact.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { withChanges } from '../registry/tree.js';
import { judge } from '../rules/judge.js';
import { planLayer } from '../scaffold/layer.js';
import { newestUsable, onlyOne, planOperation } from '../scaffold/operation.js';
import { planOperationCopy } from '../scaffold/operation-copy.js';
import { READER_CHOICES, type ReaderChoice } from '../scaffold/operation-text.js';
import { planTemplate } from '../scaffold/template.js';
import { layerFor, type NamedOptions, nameAndTitle, readersFor } from './answers.js';
import { carryOut, type OutputOptions, withOutputOptions } from './author.js';
import { today } from './check.js';
import { manifestOf, packageRoot } from './installed.js';
import { answer } from './question.js';
import { rootOf, type Session, withRoot } from './session.js';

interface NewOptions extends OutputOptions, NamedOptions {
  readonly root?: string;
}

interface OperationOptions extends NewOptions {
  readonly description?: string;
  readonly layer?: string;
  readonly reader?: readonly ReaderChoice[];
  readonly from?: string;
  readonly url?: string;
}

interface LayerOptions extends NewOptions {
  readonly description?: string;
  readonly node?: string;
  readonly package?: readonly string[];
}

interface TemplateOptions extends NewOptions {
  readonly from?: string;
}

/** `rtn new`: the first draft of an operation, a layer or a template. */
export function register(command: Command, session: Session): void {
  command.addHelpText('after', '\nExample:\n  rtn new operation order_ready --title "An order is ready"');
  kindCommand(
    command,
    'operation',
    'rtn new operation order_ready --title "An order is ready" --reader table zmq',
  )
    .option('--description <text>', 'what it does and what to know of it')
    .option(
      '--layer <name@version>',
      'environment of its runners (default: the newest, where there is one name)',
    )
    .addOption(
      new Option('--reader <reader...>', 'table: runner one-shot; zmq: runner service').choices(
        READER_CHOICES,
      ),
    )
    .option('--from <operation>', 'operation that it begins as a copy of: NAME or NAME@VERSION')
    .option('--url <path>', 'path behind the address of the service that sends (default: /v1/send)')
    .action((name: string | undefined, options: OperationOptions) => newOperation(name, options, session));
  kindCommand(command, 'layer', 'rtn new layer crm --title "Environment of the CRM" --package pg@8.16.3')
    .option('--description <text>', 'what it is for')
    .option('--node <range>', 'versions of Node.js that its runners need (default: those of rtn)')
    .option('--package <name@version...>', 'npm packages beside rtn itself, each in one exact version')
    .action((name: string | undefined, options: LayerOptions) => newLayer(name, options, session));
  kindCommand(command, 'template', 'rtn new template one-shot-traced --title "Traces" --from one-shot@1.0.0')
    .option('--from <template@version>', 'template whose stages and text it begins with')
    .action((name: string | undefined, options: TemplateOptions) => newTemplate(name, options, session));
}

function kindCommand(parent: Command, kind: ArtefactKind, example: string): Command {
  const command = parent
    .command(kind)
    .description(
      `Draft of ${kind === 'operation' ? 'an' : 'a'} ${kind}; on a terminal, asks for what is not given`,
    )
    .argument('[name]', `name of the ${kind}, such as ${kind === 'operation' ? 'order_ready' : 'crm-push'}`)
    .option('--title <text>', 'what it is, in one line')
    .option('--owner <text>', 'team or person that answers for it')
    .option('--version <version>', 'number of the draft', '0.1.0')
    .addHelpText('after', `\nExample:\n  ${example}`);
  return withOutputOptions(withRoot(command));
}

async function newOperation(
  given: string | undefined,
  options: OperationOptions,
  session: Session,
): Promise<void> {
  const registry = await registryOf(options, session);
  const named = await nameAndTitle('operation', given, options, registry, session);
  const { from } = options;
  if (from !== undefined) {
    if (options.reader !== undefined || options.url !== undefined)
      throw new RtnError('usage', '--from copies the runners, so that --reader and --url say nothing');
    return write((now) => planOperationCopy({ ...options, ...named, from }, now), options, session);
  }
  const layer = await layerFor(options.layer, registry, session);
  const readers = options.reader ?? (await readersFor(session));
  const url = await answer(
    options.url,
    { text: 'Path behind the address of the service that sends', flag: '--url PATH', fallback: '/v1/send' },
    session,
  );
  await write((now) => planOperation({ ...options, ...named, layer, readers, url }, now), options, session);
}

async function newLayer(given: string | undefined, options: LayerOptions, session: Session): Promise<void> {
  const named = await nameAndTitle('layer', given, options, await registryOf(options, session), session);
  const manifest = manifestOf(packageRoot());
  const packages = [`${PACKAGE_NAME}@${manifest?.version}`, ...(options.package ?? [])];
  const node = options.node ?? manifest?.engines?.node ?? '>=20';
  await write((now) => planLayer({ ...options, ...named, packages, node }, now), options, session);
}

async function newTemplate(
  given: string | undefined,
  options: TemplateOptions,
  session: Session,
): Promise<void> {
  const registry = await registryOf(options, session);
  const named = await nameAndTitle('template', given, options, registry, session);
  const starter = newestUsable('template', 'one-shot', registry) ?? onlyOne('template', registry);
  const from = await answer(
    options.from,
    {
      text: 'Template to begin with',
      flag: '--from TEMPLATE@VERSION',
      fallback: starter && referenceTo(starter),
    },
    session,
  );
  await write((now) => planTemplate({ ...options, ...named, from }, now), options, session);
}

async function registryOf(options: NewOptions, session: Session): Promise<Registry> {
  return loadRegistry(workTree(rootOf(options, session)), await session.components());
}

/** Plans on the registry as it is, holds the plan to what `rtn check` says, and carries it out. */
async function write(
  plan: (registry: Registry) => Plan,
  options: NewOptions,
  session: Session,
): Promise<void> {
  const specs = await session.components();
  await carryOut(
    [
      async (tree) => {
        const planned = plan(loadRegistry(tree, specs));
        refuseLeft(
          planned.changes,
          judge(withChanges(tree, planned.changes), specs, { today: today() }).findings,
          'this draft',
        );
        return planned;
      },
    ],
    options,
    session,
  );
}
