import type { Hono } from 'hono';
import type { HttpContext, HttpEnv } from './request-context.ts';

export type RouteHandler = (context: HttpContext) => Response | Promise<Response>;

/** Adds routes to an app and remembers their templates: for metrics, and to tell a wrong method from a wrong path. */
export interface RouteTable {
  get(template: string, handler: RouteHandler): void;
  post(template: string, handler: RouteHandler): void;
  /** Methods that a path has, none for an unknown one. */
  methodsOf(path: string): readonly string[];
}

/** Templates are written as in OpenAPI: `/jobs/{job_id}/poll`. */
export function createRouteTable(app: Hono<HttpEnv>): RouteTable {
  const routes: { readonly pattern: RegExp; readonly method: 'GET' | 'POST' }[] = [];
  const add = (method: 'GET' | 'POST', template: string, handler: RouteHandler): void => {
    const pattern = template.replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
    routes.push({ pattern: new RegExp(`^${pattern}$`), method });
    app.on(method, template.replace(/\{(\w+)\}/g, ':$1'), (context) => {
      context.set('route', template);
      return handler(context);
    });
  };
  return {
    get: (template, handler) => add('GET', template, handler),
    post: (template, handler) => add('POST', template, handler),
    methodsOf: (path) =>
      routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
  };
}
