// proxies.mjs - real nginx, HAProxy and Apache with the configuration that deploy/README.md or deploy/haproxy.cfg shows.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, removeFolder } from '../lib/folder.mjs';
import { request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { Program } from '../lib/program.mjs';
import { waitFor } from '../lib/wait.mjs';
import { ROOT } from './page.mjs';

// configure  (port, folder) => the configuration, written to `file`
// Gives { base, port, log, close() } once it answers, whatever the answer.
async function start(name, binary, configure, args) {
  const port = await freePort();
  const folder = makeFolder('proxy');
  const file = path.join(folder, 'proxy.conf');
  writeFileSync(file, configure(port, folder));
  const program = new Program(name, binary, args(file, folder));
  const proxy = {
    name,
    port,
    base: `http://127.0.0.1:${port}`,
    get log() {
      return program.log;
    },
    close: async () => {
      await program.kill();
      removeFolder(folder);
    },
  };
  await waitFor(async () => program.ended || (await request(proxy, '/healthz')), { what: `${name} to answer` });
  if (program.ended) throw new Error(`${name} ended: ${program.log}`);
  return proxy;
}

// servers  what stands inside of http { }
export const startNginx = (servers) =>
  start('nginx', '/usr/sbin/nginx', (port, folder) => `
    daemon off; user root; error_log stderr; pid ${folder}/pid;
    events { worker_connections 100; }
    http {
      access_log off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder};
      fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      ${servers.replace(/listen 8080/, `listen 127.0.0.1:${port}`)}
    }`, (file, folder) => ['-p', folder, '-c', file]);

export const startHaproxy = (bridges) =>
  start('HAProxy', '/usr/sbin/haproxy', (port) =>
    readFileSync(path.join(ROOT, 'deploy/haproxy.cfg'), 'utf8')
      .replace('bind :8080', `bind 127.0.0.1:${port}`)
      .replace('maxconn 20000', 'maxconn 1000') // this machine may not have that many open files
      .replaceAll(/(server bridge-(\d)) bridge-\d:8080/g, (_, server, i) => `${server} 127.0.0.1:${bridges[i - 1].port}`),
  (file) => ['-db', '-f', file]);

const MODULES = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'];

export const startApache = (lines) =>
  start('Apache', '/usr/sbin/apache2', (port, folder) => `
    ServerRoot ${folder}
    ServerName 127.0.0.1
    Listen 127.0.0.1:${port}
    PidFile ${folder}/pid
    ErrorLog ${folder}/error.log
    ${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    ${lines}`, (file, folder) => ['-d', folder, '-f', file, '-DFOREGROUND']);
