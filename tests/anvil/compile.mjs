// Compiles each contract into its JSON. In this folder: npm install --no-save solc@0.8.37 && node compile.mjs
import { readFileSync, writeFileSync } from "node:fs";
import solc from "solc";

const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "paris",
  metadata: { bytecodeHash: "none" },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
};
for (const name of ["Ledger", "SilentProxy"]) {
  const file = `${name}.sol`;
  const sources = { [file]: { content: readFileSync(file, "utf8") } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
  if (output.errors) throw new Error(output.errors.map((error) => error.formattedMessage).join("\n"));
  const { abi, evm } = output.contracts[file][name];
  const made = { compiler: solc.version(), settings, abi, bytecode: `0x${evm.bytecode.object}` };
  writeFileSync(`${name}.json`, `${JSON.stringify(made, null, 1)}\n`);
}
