// 30-front-door - the front page, as a newcomer uses it: every command and every snippet, with the ports of this test in them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, removeFolder } from '../lib/folder.mjs';
import { post } from '../lib/http.mjs';
import { Program } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { BROWSERS, visit } from '../lib/visit.mjs';
import { waitFor } from '../lib/wait.mjs';
import { ROOT, codeWith } from './page.mjs';

const snippet = (part, { redis, bridge }) =>
  codeWith('README.md', part).replaceAll('8080', String(bridge.port)).replaceAll('6379', String(redis.port));

// A program that is killed with the scene if it still runs.
function started(scene, file, args, options) {
  const program = new Program(`${file} ${args.join(' ')}`, file, args, options);
  scene.own({ name: program.name, get log() { return program.log; }, close: () => program.kill() });
  return program;
}

// Runs a program to its end; gives what it printed.
async function ran(scene, file, args, options) {
  const program = started(scene, file, args, options);
  const { code } = await program.end;
  assert.equal(code, 0, program.log);
  return program.text;
}

story('the four commands to try show one listener, two publishers and the history', async (scene) => {
  const shared = await scene.start();
  const lines = snippet('curl -N', shared).split('\n').map((line) => line.replace(/\s+#.*/, ''));
  const [listen, publish, say, history] = lines.filter((line) => line !== '');
  const listener = started(scene, 'bash', ['-c', `exec ${listen}`]);
  await listener.said(/event: cursor/);
  await ran(scene, 'bash', ['-c', publish]);
  await listener.said(/data: hello\nid: \d+-\d+/);
  assert.match(await ran(scene, 'bash', ['-c', say]), /^\{"id":"\d+-\d+"\}$/m);
  await listener.said(/data: from a backend/);
  const { entries } = JSON.parse(await ran(scene, 'bash', ['-c', history]));
  assert.deepEqual(entries.map(({ data }) => data), ['hello', 'from a backend']);
});

for (const browser of Object.keys(BROWSERS)) {
  const functions = `const show = (data) => report('show', data), reload = (gap) => report('reload', gap);\n`;

  story(`${browser}: the six lines for Server-Sent Events show messages, on a page of another origin`, async (scene) => {
    const shared = await scene.start();
    const tab = scene.own(await visit(browser, functions + snippet('events.onmessage', shared)));
    await waitFor(async () => {
      await post(shared.bridge, 'public:news', 'hello');
      return tab.of('show').length > 0;
    }, { deadline: 60_000, every: 100, what: `${browser} to show a message` });
    assert.deepEqual([tab.of('show')[0], tab.of('error')], [['hello'], []]);
  }, { timeout: 100_000 });

  story(`${browser}: the six lines for WebSocket publish and show, on a page of another origin`, async (scene) => {
    const shared = await scene.start();
    const tab = scene.own(await visit(browser, functions + snippet('socket.onopen', shared)));
    assert.deepEqual(await tab.reported('show', 1, { deadline: 60_000 }), [['hello']]);
    assert.deepEqual(tab.of('error'), []);
  }, { timeout: 100_000 });
}

const JAVA = `
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
public class Main {
    public static void main(String[] args) throws Exception {
        SNIPPET
        if (answer.statusCode() != 200) throw new RuntimeException(answer.body());
    }
}`;
const GO = `
package main
import ("log"; "github.com/gomodule/redigo/redis")
func main() {
    SNIPPET
    if err != nil { log.Fatal(err) }
}`;

// What a project in that language has around three lines: a file, imports, an end.
const BACKENDS = {
  Python: { part: 'import redis  ', file: 'main.py', around: 'SNIPPET', run: ['/usr/bin/python3', 'main.py'] },
  'Node.js': { part: 'createClient', file: 'main.mjs', around: 'SNIPPET\nclient.destroy();', run: ['node', 'main.mjs'] },
  Go: { part: 'redis.Dial', file: 'main.go', around: GO, run: ['go', 'run', 'main.go'] },
  PHP: { part: 'new Redis()', file: 'main.php', around: '<?php\nSNIPPET', run: ['php', 'main.php'] },
  Java: { part: 'HttpRequest', file: 'Main.java', around: JAVA, run: ['java', 'Main.java'] },
};

for (const [language, { part, file, around, run }] of Object.entries(BACKENDS))
  story(`three lines of ${language} publish`, async (scene) => {
    const shared = await scene.start();
    const stream = await scene.listen(shared.bridge, 'public:news');
    const folder = makeFolder('backend');
    writeFileSync(path.join(folder, file), around.replace('SNIPPET', () => snippet(part, shared)));
    // Node.js looks for packages beside the file; Go's are Debian's.
    if (language === 'Node.js') await ran(scene, 'ln', ['-s', path.join(ROOT, 'tests/node_modules'), path.join(folder, 'node_modules')]);
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: path.join(folder, 'cache'), GOFLAGS: '' };
    await ran(scene, run[0], run.slice(1), { cwd: folder, env });
    await stream.received(1);
    assert.deepEqual(stream.payloads, [`from ${language}`]);
    removeFolder(folder);
  }, { timeout: 120_000 });
