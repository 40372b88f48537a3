// `npm start` and `npm test` on a machine that has Node and npm, and nothing else: brings pnpm, installs what the
// lockfile says, and hands over to the pinned Node. No dependencies, and nothing newer than Node 20.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { installedPinnedNode, manifest, pinnedNode, pinnedNodeDirectory, root } from './pinned-node.mjs';

const [task, ...taskArguments] = process.argv.slice(2);
const pnpmVersion = /^pnpm@([^+]+)/.exec(manifest.packageManager)[1];
const onWindows = process.platform === 'win32';

// What npm tells its scripts about this package would reach pnpm, and npm inside install scripts, as settings of theirs.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_(local_)?prefix)/.test(name),
  ),
);
Object.assign(env, { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' });
// The smoke test imports the packed packages on the machine's own Node too: often the oldest supported one.
env.NADIR_MACHINE_NODE = process.execPath;

let running;
// Ctrl-C reaches the whole foreground group, children included: this process only has to outlive them.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => running?.kill('SIGTERM'));

function run(command, args, { quiet, shell = false }) {
  return new Promise((resolve, reject) => {
    let output = '';
    let stdout = '';
    running = spawn(command, args, {
      cwd: root,
      env,
      shell,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    running.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    running.stderr?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    running.on('error', reject);
    running.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + constants.signals[signal], output, stdout: stdout.trim() }),
    );
  });
}

async function phase(title, work) {
  const started = performance.now();
  const detail = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`✓ ${`${title}${detail ? `, ${detail}` : ''}`.padEnd(60)} ${seconds.padStart(7)} s`);
}

async function quietly(what, command, args, options) {
  const result = await run(command, args, { quiet: true, ...options });
  if (result.code !== 0) {
    if (result.code < 128)
      console.error(`${result.output.trimEnd()}\n✗ ${what} failed (exit code ${result.code})`);
    process.exit(result.code);
  }
  return result.stdout;
}

/** Adds the folder that holds `pnpm` to PATH: npx keeps it in npm's cache, so a second run needs no network. */
async function bringPnpm() {
  const npx = ['exec', '--yes', `--package=pnpm@${pnpmVersion}`, '--', 'node', '-p', 'process.env.PATH'];
  const npm = process.env.npm_execpath;
  const searchPath =
    npm && basename(npm) === 'npm-cli.js'
      ? await quietly('bringing pnpm through npx', process.execPath, [npm, ...npx])
      : await quietly('bringing pnpm through npx', 'npm', npx, { shell: onWindows });
  const folder = searchPath.split(delimiter).find((entry) => entry.includes(join('_npx')));
  if (folder) env.PATH = `${folder}${delimiter}${env.PATH ?? env.Path}`;
}

function pnpm(what, ...args) {
  return quietly(what, onWindows ? 'pnpm.cmd' : 'pnpm', args, { shell: onWindows });
}

async function install() {
  await bringPnpm();
  // NODE_ENV=production would leave out the development tools, and a purge of node_modules would ask.
  await pnpm(
    'the install',
    'install',
    '--frozen-lockfile',
    '--prod=false',
    '--config.confirm-modules-purge=false',
  );
  const node = installedPinnedNode();
  env.PATH = [pinnedNodeDirectory, join(root, 'node_modules', '.bin'), env.PATH].join(delimiter);
  return `pnpm ${pnpmVersion}, Node ${node}`;
}

const tasks = {
  async start() {
    await phase('build', () => pnpm('the build', '--silent', 'run', 'build').then(() => ''));
    console.log('');
    return run(pinnedNode, [join('apps', 'cli', 'dist', 'main.js'), 'start', ...taskArguments], {
      quiet: false,
    });
  },
  test() {
    console.log('');
    return run(pinnedNode, [join('.ci', 'check.mjs'), ...taskArguments], { quiet: false });
  },
};

try {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`setting up needs Node 20.19 or newer, got ${process.versions.node}.`);
  }
  await phase('install', install);
  process.exitCode = (await tasks[task]()).code;
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exitCode = 1;
}
