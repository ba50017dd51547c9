import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { oneLine, RtnError } from '../error.js';
import { PACKAGE_NAME } from '../generator/runner.js';
import type { RunnerFiles } from '../generator/runner-files.js';
import { type Manifest, manifestOf } from './installed.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a bundle is packed from: the folder of the package, and the environment npm runs in. */
interface Source {
  readonly root: string;
  readonly env: Environment;
}

/**
 * Writes what runners need beside them so that `npm ci` makes a folder in which they start: the package as a tarball
 * (it is on no public registry), a package.json that pins the layer's packages, and a lock file. Gives the files'
 * names. Asks npm, and so the registry, for the versions that the lock file pins.
 */
export async function writeBundle(
  folder: string,
  made: RunnerFiles,
  { root, env }: Source,
): Promise<string[]> {
  const own = manifestOf(root) ?? {};
  requireOwnVersion(made, own);
  if (!existsSync(join(root, 'dist', 'index.js'))) {
    throw new RtnError('configuration', `${root} is not built, so it cannot be packed`, {
      next: 'npm run build',
    });
  }
  mkdirSync(folder, { recursive: true });
  const tarball = await pack(root, folder, env);
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify(bundleManifest(made, own, tarball), null, 2)}\n`,
  );
  rmSync(join(folder, 'package-lock.json'), { force: true });
  const lockOnly = [
    '--package-lock-only',
    '--ignore-scripts',
    '--omit-lockfile-registry-resolved',
    '--no-audit',
    '--no-fund',
  ];
  await npm(['install', ...lockOnly], folder, env);
  return ['package.json', 'package-lock.json', tarball];
}

/** The package.json of a bundle: exactly the layer's packages, ours from the tarball. */
function bundleManifest({ operation, layer }: RunnerFiles, own: Manifest, tarball: string): object {
  const scripts = Object.entries(own.allowScripts ?? {}).filter(([name]) =>
    Object.hasOwn(own.dependencies ?? {}, name),
  );
  return {
    name: `${operation.name}-runners`,
    version: operation.version,
    private: true,
    type: 'module',
    engines: { node: layer.node },
    dependencies: { ...layer.packages, [PACKAGE_NAME]: `file:${tarball}` },
    // npm asks for consent to install scripts; the package's own list says which of its dependencies need one.
    ...(scripts.length > 0 && { allowScripts: Object.fromEntries(scripts) }),
  };
}

/** Only the version that is installed can be packed, and only that which the layer names may be. */
function requireOwnVersion({ operation, layer }: RunnerFiles, own: Manifest): void {
  const wanted = layer.packages[PACKAGE_NAME];
  if (wanted === undefined || wanted === own.version) return;
  throw new RtnError(
    'configuration',
    `layer ${String(operation.document.layer)} names ${PACKAGE_NAME} ${wanted}, and this rtn is ${own.version}`,
    { next: `run rtn of version ${wanted}, or move the operation: rtn bump ${operation.name}` },
  );
}

async function pack(root: string, folder: string, environment: Environment): Promise<string> {
  const output = await npm(
    ['pack', root, '--ignore-scripts', '--json', '--pack-destination', '.'],
    folder,
    environment,
  );
  const match = /"filename":\s*"([A-Za-z0-9._-]+\.tgz)"/.exec(output);
  if (match?.[1] === undefined)
    throw new RtnError('internal', `npm pack gave no file name: ${oneLine(output)}`);
  return match[1];
}

/** Runs npm in a folder that is a project of its own, whatever project rtn was started in. */
async function npm(args: readonly string[], folder: string, environment: Environment): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', [...args, '--prefix', folder], {
      cwd: folder,
      env: { ...environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (cause) {
    const said =
      typeof cause === 'object' && cause !== null && 'stderr' in cause
        ? String(cause.stderr).trim()
        : String(cause);
    const problems = said.split('\n').filter((line) => line.startsWith('npm error'));
    throw new RtnError(
      'unavailable',
      `npm ${args[0]} failed in ${folder}: ${oneLine(problems.join(' ') || said)}`,
      {
        cause,
        next: `see what npm says: cd ${folder} && npm ${args[0]}`,
      },
    );
  }
}
