// node embed.mjs DIST OUTPUT.cpp BYTES_MAX: every file of DIST as a console::Asset, compressed once, here. Fails when what a
// browser loads is larger than BYTES_MAX compressed, so that the page can't grow unnoticed.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const [dist, output, limit] = process.argv.slice(2);

function filesOf(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesOf(folder, join(prefix, entry.name)) : [join(prefix, entry.name)],
  );
}

// Octal escapes end after three digits, whatever follows. Lines are kept below what compilers like.
function literal(bytes) {
  if (bytes.length === 0) return '{}';
  const lines = [];
  for (let at = 0; at < bytes.length; at += 32) {
    const piece = bytes.subarray(at, at + 32);
    lines.push(`"${Array.from(piece, (byte) => '\\' + byte.toString(8).padStart(3, '0')).join('')}"`);
  }
  return `{\n${lines.join('\n')},\n${bytes.length}}`;
}

const smaller = (packed, bytes) => (packed.length < bytes.length ? packed : Buffer.alloc(0));
let total = 0;
const items = filesOf(dist)
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
  .map((name) => {
    const type = TYPES[extname(name)];
    if (!type)
      throw new Error(`${name}: embed.mjs knows no content type for ${extname(name)}; add it to TYPES`);
    const bytes = readFileSync(join(dist, name));
    const gzip = smaller(gzipSync(bytes, { level: 9 }), bytes);
    const br = smaller(
      brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
      bytes,
    );
    total += gzip.length || bytes.length;
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 20)}"`;
    const immutable = name.startsWith('assets/');
    return `    {"/${name}", "${type}",\n${[bytes, gzip, br].map(literal).join(',\n')},\n${JSON.stringify(etag)}, ${immutable}},`;
  });

if (total > Number(limit)) {
  throw new Error(
    `the page is ${total} bytes compressed, more than ${limit}: look at what was added to console/web`,
  );
}
console.log(`console: ${items.length} files, ${(total / 1000).toFixed(1)} kB with gzip`);
writeFileSync(
  output,
  `// Made from console/web by embed.mjs.
#include "console/web/assets.h"

namespace plumbline::console {
namespace {
constexpr Asset kAssets[] = {
${items.join('\n')}
};
}  // namespace
std::span<const Asset> assets() { return kAssets; }
}  // namespace plumbline::console
`,
);
