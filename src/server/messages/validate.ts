import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Answered, type ErrorInfo, errorInfo, Refusal, sdpProblem } from '../../protocol/index.js';
import { refuse } from '../sessions/decisions.js';

const compiled = new Map<TSchema, Validator>();

function validatorOf(schema: TSchema): Validator {
  const known = compiled.get(schema);
  if (known) return known;
  const validator = Compile(schema) as unknown as Validator;
  compiled.set(schema, validator);
  return validator;
}

/** True when `value` is what `schema` says. Nothing is read that the schema does not name, so depth cannot hurt. */
export function matches<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  return validatorOf(schema).Check(value);
}

/** What is wrong with `value`, naming the field in plain words; `undefined` when it is what `schema` says. */
export function explain(schema: TSchema, value: unknown): ErrorInfo | undefined {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return undefined;
  // A refused extra field and each branch of a union report twice: the second report is the one with a meaning.
  const [first] = validator
    .Errors(value)
    .filter(
      ({ keyword, schemaPath }) => keyword !== 'boolean' && !(keyword === 'const' && schemaPath.includes('anyOf')),
    );
  if (!first) return errorInfo('bad_request');
  const isSdp = first.instancePath === '/sdp';
  if (isSdp && first.keyword === 'maxLength') return errorInfo('too_large', sentence(first));
  const isBadSdp = isSdp && (first.keyword === 'pattern' || first.keyword === 'minLength');
  return errorInfo(isBadSdp ? 'invalid_sdp' : 'bad_request', sentence(first));
}

/** Why an `sdp` field that fits its schema is refused, if it is. */
export function explainSdp(sdp: string): ErrorInfo | undefined {
  const problem = sdpProblem(sdp);
  return problem === undefined ? undefined : errorInfo('invalid_sdp', `The field "sdp" ${problem}.`);
}

/** The sender's acknowledgement of an offer; one that makes no sense becomes `sender_failed`. */
export function checkAnswer(ack: unknown): Answered | Refusal {
  const checked = checkAck(Answered, ack);
  const problem = checked.ok ? explainSdp(checked.sdp) : undefined;
  return problem ? senderFailed(problem) : checked;
}

/** A sender's acknowledgement: as `schema` says, or a refusal; one that makes no sense becomes `sender_failed`. */
export function checkAck<T extends TSchema>(schema: T, ack: unknown): Static<T> | Refusal {
  if (matches(Refusal, ack) || matches(schema, ack)) return ack;
  const refuses = typeof ack === 'object' && ack !== null && 'ok' in ack && ack.ok === false;
  return senderFailed(explain(refuses ? Refusal : schema, ack));
}

function senderFailed(problem: ErrorInfo | undefined): Refusal {
  return refuse('sender_failed', `The acknowledgement of the sender cannot be used: ${problem?.message ?? 'unknown'}`);
}

function sentence({ keyword, instancePath, params, message }: TLocalizedValidationError): string {
  const { additionalProperties, requiredProperties, limit, type } = params as Record<string, unknown>;
  const field = instancePath.slice(1).replaceAll('/', '.');
  const within = field === '' ? '' : ` in "${clip(field)}"`;
  const subject = field === '' ? 'The message' : `The field "${clip(field)}"`;
  switch (keyword) {
    case 'required':
      return `The field "${clip(String((requiredProperties as string[])[0]))}" is missing${within}.`;
    case 'additionalProperties':
      return `There is no field "${clip(String((additionalProperties as string[])[0]))}"${within}.`;
    case 'type':
      return `${subject} must be of the type ${type}.`;
    case 'pattern':
      return `${subject} has a form or characters that are not allowed.`;
    case 'anyOf':
    case 'const':
    case 'enum':
      return `${subject} has a value that is not allowed.`;
    case 'maxLength':
      return `${subject} is longer than ${limit} characters.`;
    default:
      return `${subject} ${message}.`;
  }
}

/** Field names may come from an attacker: short, printable, and never the whole of a message. */
function clip(name: string): string {
  return name.replace(/[^ !#-~]/g, '?').slice(0, 60);
}
