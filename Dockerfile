# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY rolldown.config.ts tsconfig.json LICENSE README.md ./
COPY bin bin
COPY data data
COPY scripts scripts
COPY src src
RUN node scripts/build.ts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
ENV PROXMOX_MCP_CONFIG=/app/proxmox-config/config.json
ENV PROXMOX_MCP_STATE_DIR=/data
ENV API_HOST=0.0.0.0
ENV API_PORT=8811
ENV MCP_HOST=0.0.0.0
ENV MCP_PORT=8000
# Whoever compose runs it as (PUID) keeps files of its own in /data, readable by nobody else.
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin proxmox-mcp && mkdir -p /app/proxmox-config /data && chown 10001:10001 /data && chmod 1777 /data
COPY --from=build /src/bin /app/bin
COPY --from=build /src/dist /app/dist
COPY --from=build /src/package.json /src/LICENSE /app/
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8811 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 CMD ["node", "/app/bin/healthcheck.mjs"]
ENTRYPOINT ["node", "/app/bin/proxmox-mcp-plus.cjs"]
CMD ["serve"]
