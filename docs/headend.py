"""The smallest head-end: stores every reading once, and tells the gateway so (--commit)."""

import argparse
import json

import paho.mqtt.client as mqtt

args = argparse.ArgumentParser(description=__doc__)
args.add_argument("broker")
args.add_argument("port", type=int)
args.add_argument("output", help="JSON lines are appended here")
args.add_argument("--commit", action="store_true", help="for gateways with ack = 'head-end'")
args.add_argument("--id", default="head-end", help="one of its own for each head-end")
args.add_argument("--until", type=int, metavar="N", help="end after N readings")
args = args.parse_args()
batches, readings, ranges = set(), set(), {}


def on_connect(client, userdata, flags, reason, properties):
    client.subscribe([("boxgate/1/+/+/data", 1), ("boxgate/1/+/+/event", 1)])


def on_message(client, userdata, message):
    b = json.loads(message.payload)
    if (b["epoch"], b["seq"]) not in batches:
        for name, column in b.get("columns", {}).items():
            late = b.get("dt", {}).get(name, [0] * len(column))
            rows = zip(b["meters"], b["t"], late, column, b["q"], strict=True)
            for meter, t, dt, value, q in rows:
                if (meter, name, t + dt) not in readings:
                    readings.add((meter, name, t + dt))
                    row = {"meter": meter, "quantity": name, "t": t + dt, "value": value, "q": q}
                    row |= {key: b[key] for key in ("kind", "line", "slot", "lane")}
                    output.write(json.dumps(row) + "\n")
        output.flush()  # a real one makes it durable here, before it says so below
        batches.add((b["epoch"], b["seq"]))
    if args.commit:
        word = {"v": 1, "epoch": b["epoch"], "ranges": [[b["seq"], b["seq"]]]}
        gateway = message.topic.rpartition("/")[0]
        client.publish(gateway + "/commit", json.dumps(word), qos=1)
    if args.until and len(readings) >= args.until:
        client.disconnect()


with open(args.output, "a", encoding="utf-8") as output:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, args.id, clean_session=False)
    client.on_connect, client.on_message = on_connect, on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect_async(args.broker, args.port)
    client.loop_forever(retry_first_connection=True)
