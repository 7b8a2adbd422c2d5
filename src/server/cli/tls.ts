import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Problem, reasonOf } from './problem.js';

export interface KeyPair {
  cert: Buffer;
  key: Buffer;
}

/** @throws {Problem} that names the file, and what to do about it */
export async function readKeyPair(certFile: string, keyFile: string): Promise<KeyPair & { leaf: X509Certificate }> {
  const cert = await readNamed('--tls-cert', certFile);
  const key = await readNamed('--tls-key', keyFile);
  const leaf = attempt(`--tls-cert ${certFile} is not a certificate in PEM`, () => new X509Certificate(cert));
  const secret = attempt(`--tls-key ${keyFile} is not a private key in PEM without a passphrase`, () =>
    createPrivateKey(key),
  );
  if (!leaf.checkPrivateKey(secret)) {
    throw new Problem(
      `The key in ${keyFile} does not belong to the certificate in ${certFile}.`,
      'Give the two that were made together; with a chain, the own certificate comes first.',
    );
  }
  return { cert, key, leaf };
}

/** @throws {Problem} when the file cannot be read */
export async function readNamed(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'is not there' : code === 'EACCES' ? 'may not be read by this user' : reasonOf(error);
    throw new Problem(`${option} ${file}: the file ${why}.`, 'Check its name and its permissions.');
  }
}

function attempt<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Problem(`${what}: ${reasonOf(error)}.`, 'It begins with a line “-----BEGIN …-----”.');
  }
}
