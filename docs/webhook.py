"""Checks what a gateway has sent: python3 webhook.py SIGNATURE < body, with the secret in WEBHOOK_SECRET."""
import hashlib, hmac, os, sys, time


def is_genuine(secret: bytes, signature: str, body: bytes, oldest: float = 300) -> bool:
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    at = parts.get("t", "")
    wanted = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    recent = at.isdigit() and abs(time.time() - int(at)) <= oldest
    return hmac.compare_digest(wanted, parts.get("v1", "")) and recent


if __name__ == "__main__":
    genuine = is_genuine(os.environ["WEBHOOK_SECRET"].encode(), sys.argv[1], sys.stdin.buffer.read())
    sys.exit(0 if genuine else "this is not from the gateway, or it is old")
