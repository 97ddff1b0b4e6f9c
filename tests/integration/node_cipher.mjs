// AES-256-CBC as Node does it: one JSON request on standard input, one JSON answer on standard output.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const { key, password, cipherText, iv } = JSON.parse(readFileSync(0, "utf8"));
const secret = Buffer.from(key, "hex");

if (password === undefined) {
  const decipher = createDecipheriv("aes-256-cbc", secret, Buffer.from(iv, "hex"));
  process.stdout.write(JSON.stringify({ password: decipher.update(cipherText, "hex", "utf8") + decipher.final("utf8") }));
} else {
  const vector = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", secret, vector);
  const text = cipher.update(password, "utf8", "hex") + cipher.final("hex");
  process.stdout.write(JSON.stringify({ cipherText: text, iv: vector.toString("hex") }));
}
