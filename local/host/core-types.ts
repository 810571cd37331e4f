/*
 * The part of the worker's `@azure/functions-core` that @azure/functions uses and this host supplies. The worker ships
 * the module at run time only, so there are no installed types: these follow its types-core/index.d.ts.
 */

/** One value on its way between host and app; exactly one field is set. */
export interface TypedData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpData;
}

export interface HttpData {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  params?: Record<string, string>;
  body?: TypedData;
  statusCode?: string;
  cookies?: HttpCookie[];
}

export interface HttpCookie {
  name: string;
  value: string;
  path?: { value?: string };
  domain?: { value?: string };
  secure?: { value?: boolean };
  httpOnly?: { value?: boolean };
  sameSite?: string;
  maxAge?: { value?: number };
}

/** A binding as the app declared it: type and direction, and for each type fields of its own. */
export interface Binding {
  type: string;
  direction: 'in' | 'out';
  authLevel?: string;
  methods?: string[];
  route?: string;
  queueName?: string;
  connection?: string;
  schedule?: string;
  runOnStartup?: boolean;
}

export interface FunctionMetadata {
  name: string;
  bindings: Record<string, Binding>;
}

export interface CoreFunction {
  metadata: FunctionMetadata;
  callback: (...args: unknown[]) => unknown;
}

export type Hook = (context: Record<string, unknown>) => unknown;

export interface InvocationRequest {
  invocationId: string;
  inputData: { name: string; data: TypedData }[];
  triggerMetadata: Record<string, TypedData>;
  traceContext?: { traceParent: string; traceState: string };
}

/** What the worker hands to the library's invocation model for one call. */
export interface CoreContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: string, category: string, message: string): void;
}

export interface InvocationResponse {
  returnValue?: TypedData | null;
  outputData?: { name: string; data: TypedData }[];
}

/** The library's own conversion between the host's data and HttpRequest, context and the handler's result. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: CoreFunction['callback']): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
