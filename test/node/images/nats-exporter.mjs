import { createServer } from 'node:http';

/* Stands in for natsio/prometheus-nats-exporter on the test node: some of what NATS says of itself, for Prometheus. */

const source = process.argv.at(-1);
createServer(async (request, response) => {
  try {
    const said = await (await fetch(`${source}/varz`)).json();
    const lines = ['connections', 'in_msgs', 'out_msgs'].map((name) => `gnatsd_varz_${name} ${said[name]}\n`);
    response.end(lines.join(''));
  } catch {
    response.writeHead(503).end();
  }
}).listen(7777, '0.0.0.0');
// as the first process of its container it would not end by itself
process.once('SIGTERM', () => process.exit(0));
