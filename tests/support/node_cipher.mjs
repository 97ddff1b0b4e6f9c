// AES-256-CBC as Node does it: a JSON list of requests on standard input, one of their answers on standard output.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

function answer({ key, password, cipherText, iv }) {
  const secret = Buffer.from(key, "hex");
  if (password === undefined) {
    const decipher = createDecipheriv("aes-256-cbc", secret, Buffer.from(iv, "hex"));
    return { password: decipher.update(cipherText, "hex", "utf8") + decipher.final("utf8") };
  }
  const vector = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", secret, vector);
  return { cipherText: cipher.update(password, "utf8", "hex") + cipher.final("hex"), iv: vector.toString("hex") };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(answer)));
