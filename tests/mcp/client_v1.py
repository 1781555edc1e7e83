#!/usr/bin/env python3
"""The official Python client before its version 2: one call, over HTTP or over standard input and output.
usage: client_v1.py --tool NAME --args JSON (URL | -- COMMAND [ARG...])
Connects, lists every tool, calls one. Prints one line of JSON; exit 0 only if the call is not an error."""
import argparse
import asyncio
import json
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

parser = argparse.ArgumentParser()
parser.add_argument("--tool", required=True)
parser.add_argument("--args", default="{}")
parser.add_argument("target", nargs="+")
options = parser.parse_args()


@asynccontextmanager
async def streams():
    if options.target[0].startswith("http://"):
        from mcp.client.streamable_http import streamablehttp_client

        async with streamablehttp_client(options.target[0]) as (read, write, _):
            yield read, write
    else:
        server = StdioServerParameters(command=options.target[0], args=options.target[1:])
        async with stdio_client(server) as (read, write):
            yield read, write


async def main() -> int:
    async with streams() as (read, write), ClientSession(read, write) as session:
        opened = await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        result = await session.call_tool(options.tool, json.loads(options.args))
        print(json.dumps({
            "protocol": opened.protocolVersion,
            "tools": tools,
            "is_error": bool(result.isError),
            "text": [block.text for block in result.content],
        }))
        return 1 if result.isError else 0


sys.exit(asyncio.run(main()))
