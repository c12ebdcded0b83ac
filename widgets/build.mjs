// Build every src/NAME.ts into OUT/NAME.js (one ESM file) and src/NAME.css into OUT/NAME.css,
// and copy the strings that Python reads too.   node build.mjs [OUT]
// The output depends on the sources and the pinned tools only: a test rebuilds it and compares bytes.
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../dlstudio/widgets/static"));
const names = readdirSync(join(here, "src"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();

const common = {
  absWorkingDir: here, // paths inside the bundle must not depend on where the clone lies
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "inline", // licences of bundled libraries travel with them
  logLevel: "warning",
};

function bytes(path) {
  return `${String(statSync(path).size).padStart(8)}  ${path.slice(out.length + 1)}`;
}

async function bundle(name) {
  const script = join(out, `${name}.js`);
  const options = { format: "esm", target: "es2022" };
  await build({ ...common, ...options, entryPoints: [`src/${name}.ts`], outfile: script });
  console.log(bytes(script));
  if (!existsSync(join(here, "src", `${name}.css`))) return;
  const sheet = join(out, `${name}.css`);
  await build({ ...common, entryPoints: [`src/${name}.css`], outfile: sheet });
  console.log(bytes(sheet));
}

mkdirSync(join(out, "i18n"), { recursive: true });
for (const name of names) await bundle(name);
for (const locale of ["en", "zh"]) {
  const file = `${locale}.json`;
  copyFileSync(join(here, "src/i18n", file), join(out, "i18n", file));
}
