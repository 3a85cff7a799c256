// Checks Kubernetes objects, a JSON array on stdin, and prints one problem a line: `INDEX: what is wrong`.
//
// Two checks, of the same package of models: its validators know patterns, formats and required keys, but let unknown
// keys pass; its types know every key, and TypeScript refuses an object literal with one more.
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const objects = JSON.parse(readFileSync(0, "utf8"));

function modelsOf(apiVersion) {
  const isOperators = apiVersion.startsWith("monitoring.coreos.com/");
  const models = isOperators ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  return `${models}/${apiVersion}`;
}

async function validate(object) {
  const models = await import(modelsOf(object.apiVersion));
  new models[object.kind](object).validate();
}

for (const [index, object] of objects.entries()) {
  await validate(object).catch((error) => console.log(`${index}: ${error.message.replaceAll("\n", " ")}`));
}

// One line an object, so that a diagnostic's line is its index.
const source = "objects.ts";
const literal = (object, index) =>
  `export const o${index}: import("${modelsOf(object.apiVersion)}").I${object.kind} = ${JSON.stringify(object)};`;
writeFileSync(source, objects.map(literal).join("\n"));
const program = ts.createProgram([source], {
  strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, types: [],
  module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
});
for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
  const index = diagnostic.file ? diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line : "-";
  console.log(`${index}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`);
}
