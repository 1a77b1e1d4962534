// A report of whichever release of @rigour-labs/core stands in PACKAGES, over real code: make_report.mjs PACKAGES CODE REPORT.json
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , packages, code, out] = process.argv;
const { GateRunner, ConfigSchema } = await import(pathToFileURL(`${packages}/node_modules/@rigour-labs/core/dist/index.js`));
const boundaries = [{ from: "**/platform/**", to: "**/export/**", mode: "deny" }];
const config = ConfigSchema.parse({ version: 1, gates: { architecture: { boundaries } } });
const report = await new GateRunner(config).run(code, ["**/*.js"]);
writeFileSync(out, JSON.stringify(report));
process.exit(0);
