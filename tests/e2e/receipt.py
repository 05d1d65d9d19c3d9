"""Checks a receipt with PyJWT and cryptography. Arguments: the receipt's file, the CA's file. Prints what it says."""

import base64
import json
import sys

import jwt
from cryptography import x509

receipt = json.load(open(sys.argv[1]))
ca = x509.load_pem_x509_certificate(open(sys.argv[2], "rb").read())
protected = receipt["protected"]
header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
node, shown = [x509.load_der_x509_certificate(base64.b64decode(text)) for text in header["x5c"]]
assert shown == ca, "the receipt brings another CA"
node.verify_directly_issued_by(ca)
token = ".".join([protected, receipt["payload"], receipt["signature"]])
payload = jwt.api_jws.decode(token, node.public_key(), algorithms=["ES256"], options={"verify_signature": True})
print(payload.decode() if isinstance(payload, bytes) else json.dumps(payload))
