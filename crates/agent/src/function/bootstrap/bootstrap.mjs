// Runs a Node.js handler by the Lambda Runtime API. What a handler needs it imports itself: every cold start waits for what is imported here.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const env = process.env;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const root = env.LAMBDA_TASK_ROOT || '/var/task';
const json = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE = 'application/vnd.awslambda.http-integration-response';
let requestId;

/** An error of the function itself, under the name that the API has for it. */
class Fault extends Error {
  constructor(name, message, cause) {
    super(message);
    this.name = name;
    if (cause?.stack) this.stack = cause.stack;
  }
}

function ask(method, where, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${where}`, headers };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

// --- what a function writes ------------------------------------------------------------------------------------------------------------

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const least = json ? LEVELS[env.AWS_LAMBDA_LOG_LEVEL] ?? LEVELS.INFO : 0;

function write(line) {
  // At once and whole: a line must not be lost when the process ends or is frozen.
  const bytes = Buffer.from(line.replaceAll('\n', '\r') + '\n');
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
    }
  }
}

function log(level, ...what) {
  if (LEVELS[level] < least) return;
  const timestamp = new Date().toISOString();
  if (!json) return write(`${timestamp}\t${requestId ?? 'undefined'}\t${level}\t${format(...what)}`);
  const record = { timestamp, level, requestId };
  const error = what.find((it) => it instanceof Error);
  if (error) Object.assign(record, { errorType: error.name, errorMessage: error.message, stackTrace: stackOf(error) });
  const [only] = what;
  record.message = what.length === 1 && only !== null && typeof only === 'object' && !error ? only : format(...what);
  try {
    write(JSON.stringify(record));
  } catch {
    write(JSON.stringify({ ...record, message: format(...what) }));
  }
}

const names = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE', fatal: 'FATAL' };
for (const [name, level] of Object.entries(names)) console[name] = (...what) => log(level, ...what);

function stackOf(error) {
  return String(error.stack ?? '').split('\n');
}

function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: stackOf(error) };
}

function complain(title, error) {
  const what = described(error);
  if (json) return log('ERROR', title, error);
  const { errorType, errorMessage, trace: stack } = what;
  write(`${new Date().toISOString()}\t${requestId ?? 'undefined'}\tERROR\t${title} \t${JSON.stringify({ errorType, errorMessage, ...plain(error), stack })}`);
}

/** An error's own members, such as `code`. */
function plain(error) {
  return error instanceof Error ? Object.fromEntries(Object.entries(error).filter(([, it]) => typeof it !== 'function' && typeof it !== 'object')) : {};
}

// --- handlers --------------------------------------------------------------------------------------------------------------------------

const awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = 'response';
    if (options?.highWaterMark !== undefined) handler.highWaterMark = options.highWaterMark;
    return handler;
  },
  HttpResponseStream: {
    /** What is said of an HTTP answer comes before its body, parted by eight zero bytes. */
    from(stream, prelude) {
      stream.setContentType(PRELUDE);
      stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
      return stream;
    },
  },
};
globalThis.awslambda = awslambda;

/** `index.handler`, `folder/index.handler`, `index.exported.handler`. */
async function load() {
  const name = env._HANDLER ?? '';
  const folder = path.dirname(name);
  const match = /^([^.]*)\.(.+)$/.exec(path.basename(name));
  if (!match || name.includes('..')) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
  const [, file, members] = match;
  const module = await importFrom(path.join(folder, file), file);
  let handler = module;
  for (const member of members.split('.')) handler = handler?.[member];
  if (handler === undefined && module.default) handler = members.split('.').reduce((it, member) => it?.[member], module.default);
  if (handler === undefined) throw new Fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw new Fault('Runtime.HandlerNotFound', `${name} is not a function`);
  return handler;
}

async function importFrom(relative, module) {
  const base = path.resolve(root, relative);
  try {
    for (const ending of ['', '.js', '.mjs', '.cjs']) {
      const file = base + ending;
      if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      if (ending === '.mjs' || (ending === '.js' && isModule(path.dirname(file)))) return await import(pathToFileURL(file).href);
      return createRequire(file)(file);
    }
    return createRequire(path.join(root, 'bootstrap.js'))(createRequire(path.join(root, 'x.js')).resolve(base, { paths: [root, path.dirname(base)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault('Runtime.UserCodeSyntaxError', String(error), error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      const own = error.message.includes(base);
      throw new Fault('Runtime.ImportModuleError', own ? `Error: Cannot find module '${module}'\nRequire stack:\n- /var/runtime/bootstrap.mjs` : String(error), error);
    }
    throw error;
  }
}

/** Whether the nearest package says that its files are ES modules. */
function isModule(folder) {
  for (let at = folder; at.startsWith(root); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
  }
  return false;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parse = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers['lambda-runtime-client-context']),
    identity: parse(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** Runs a handler that calls back or gives a promise. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    let settled = false;
    const nothing = () => resolve(null);
    const settle = (error, value) => {
      settled = true;
      process.off('beforeExit', nothing);
      const end = () => (error !== undefined && error !== null ? reject(error) : resolve(value));
      // With a callback, the answer waits until nothing else is to be done, unless the handler says otherwise.
      if (context.callbackWaitsForEmptyEventLoop && !error) process.once('beforeExit', end);
      else end();
    };
    context.succeed = (value) => settle(null, value);
    context.fail = (error) => settle(error ?? 'handled');
    context.done = settle;
    const given = handler(event, context, settle);
    if (typeof given?.then === 'function') given.then(resolve, reject);
    else if (handler.length < 3 && given !== undefined) resolve(given);
    else if (!settled) process.once('beforeExit', nothing);
  });
}

// --- answers ---------------------------------------------------------------------------------------------------------------------------

async function fail(error) {
  complain('Invoke Error', error);
  const what = described(error);
  const headers = { 'content-type': 'application/json', 'lambda-runtime-function-error-type': what.errorType };
  await ask('POST', `invocation/${requestId}/error`, headers, JSON.stringify(what));
}

async function answer(handler, event, context) {
  let body;
  try {
    const value = await run(handler, event, context);
    body = Buffer.from(JSON.stringify(value === undefined ? null : value) ?? 'null');
  } catch (error) {
    return fail(error);
  }
  await ask('POST', `invocation/${requestId}/response`, { 'content-type': 'application/json' }, body);
}

/** A stream whose head goes out with its first bytes. */
async function answerStream(handler, event, context) {
  const { Writable } = await import('node:stream');
  let request;
  let contentType = 'application/octet-stream';
  const done = Promise.withResolvers ? Promise.withResolvers() : deferred();
  const begin = () => {
    if (request) return request;
    const headers = {
      'content-type': contentType,
      'lambda-runtime-function-response-mode': 'streaming',
      'transfer-encoding': 'chunked',
      trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    };
    request = http.request({ host, port, agent, method: 'POST', path: `/2018-06-01/runtime/invocation/${requestId}/response`, headers }, (response) => {
      response.resume();
      response.on('end', done.resolve);
    });
    request.on('error', done.reject);
    if (stream.prelude) request.write(stream.prelude);
    return request;
  };
  const stream = new Writable({
    highWaterMark: handler.highWaterMark,
    write: (part, encoding, next) => void begin().write(part, encoding, next),
    final: (next) => {
      begin().end();
      next();
    },
  });
  stream.setContentType = (type) => {
    contentType = type;
  };
  try {
    await handler(event, stream, context);
    if (!stream.writableFinished) await new Promise((resolve, reject) => (stream.writableEnded ? stream.once('finish', resolve).once('error', reject) : stream.end(resolve)));
    await done.promise;
  } catch (error) {
    if (!request) return fail(error);
    complain('Invoke Error', error);
    const what = described(error);
    const body = Buffer.from(JSON.stringify(what)).toString('base64');
    request.addTrailers({ 'Lambda-Runtime-Function-Error-Type': what.errorType, 'Lambda-Runtime-Function-Error-Body': body });
    request.end();
    await done.promise.catch(() => {});
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

async function last(title, error, name) {
  complain(title, error);
  const what = { ...described(error), ...(name ? { errorType: name } : {}) };
  const headers = { 'content-type': 'application/json', 'lambda-runtime-function-error-type': what.errorType };
  const where = requestId ? `invocation/${requestId}/error` : 'init/error';
  await ask('POST', where, headers, JSON.stringify(what)).catch(() => {});
  process.exit(requestId ? 128 : 1);
}

process.on('uncaughtException', (error) => last('Uncaught Exception', error));
process.on('unhandledRejection', (reason) => {
  const error = new Fault('Runtime.UnhandledPromiseRejection', String(reason), reason);
  error.reason = String(reason);
  last('Unhandled Promise Rejection', error);
});

let handler;
try {
  handler = await load();
} catch (error) {
  await last('Uncaught Exception', error);
}
for (;;) {
  const { status, headers, body } = await ask('GET', 'invocation/next');
  if (status !== 200) process.exit(1);
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete env._X_AMZN_TRACE_ID;
  const context = contextOf(headers);
  let event;
  try {
    event = body.length ? JSON.parse(body) : null;
  } catch (error) {
    await fail(new Fault('Runtime.UnmarshalError', String(error), error));
    continue;
  }
  if (handler[STREAMING]) await answerStream(handler, event, context);
  else await answer(handler, event, context);
}
