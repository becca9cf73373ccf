package cognitotest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// The names of COSE (RFC 9053) that matter here.
const (
	coseES256 = -7
	coseRS256 = -257

	coseKty, coseAlg             = int64(1), int64(3)
	coseCrv, coseX, coseY        = int64(-1), int64(-2), int64(-3)
	coseN, coseE                 = int64(-1), int64(-2)
	coseKtyEC2, coseKtyRSA       = int64(2), int64(3)
	coseP256               int64 = 1
)

// publicKey is a passkey's key: *ecdsa.PublicKey on P-256, or *rsa.PublicKey.
type publicKey crypto.PublicKey

// parseCOSE reads a public key for ES256 or RS256.
func parseCOSE(m map[any]any) (publicKey, error) {
	switch alg, kty := m[coseAlg], m[coseKty]; {
	case alg == int64(coseES256) && kty == coseKtyEC2 && m[coseCrv] == coseP256:
		x, _ := m[coseX].([]byte)
		y, _ := m[coseY].([]byte)
		if len(x) != 32 || len(y) != 32 {
			return nil, errCBOR
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case alg == int64(coseRS256) && kty == coseKtyRSA:
		n, _ := m[coseN].([]byte)
		e, _ := m[coseE].([]byte)
		if len(n) < 256 || len(n) > 1024 || len(e) == 0 || len(e) > 3 {
			return nil, errCBOR
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	default:
		return nil, errCBOR
	}
}

// verifySignature checks a signature of SHA-256 over message.
func verifySignature(key publicKey, message, signature []byte) bool {
	sum := sha256.Sum256(message)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	default:
		return false
	}
}
