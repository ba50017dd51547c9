import type { TargetOption } from './target.js';

const isPath = (text: string): boolean => /^\/[\w@+,./-]*$/.test(text) && !text.split('/').includes('..');

function path(description: string, byDefault: string): TargetOption {
  return {
    placeholder: 'PATH',
    description,
    default: byDefault,
    problem: (text) =>
      isPath(text) ? undefined : 'expected an absolute path of letters, digits and _ @ + , . -, without ..',
  };
}

export const INSTALL_DIR = path('folder on the machine with NAME-VERSION/, what --bundle wrote', '/opt/rtn');

export const NODE = path('Node.js on the machine', '/usr/bin/node');

export const SECRETS_DIR = path(
  'folder on the machine with one file a secret, named like it',
  '/etc/rtn/secrets',
);

export const ENV_DIR = path(
  'folder on the machine with SCHEDULE.env, lines NAME=value for connections',
  '/etc/rtn',
);

export const STATE_DIR = path('folder on the machine for locks and for what must survive', '/var/lib/rtn');

export const WATCHED: TargetOption = {
  description:
    'another process watches the schedules and tells what the scheduler cannot: rtn schedule watch --alert',
};

export const USER: TargetOption = {
  placeholder: 'NAME',
  description: 'the user that runners are started as',
  problem: (text) =>
    /^[a-z_][a-z0-9_-]{0,30}$/.test(text) ? undefined : 'expected the name of a user, such as rtn',
};
