// Package srp is SRP-6a as Amazon Cognito speaks it: the client half, the server half, and the verifiers of users
// and devices. It knows nothing of AWS.
//
// The group is the 3072-bit one of RFC 3526 with the generator 2, the hash is SHA-256. Numbers are hashed in the
// encoding of Java's BigInteger.toByteArray (see pad), never at a fixed width: about one sign-in in 128 fails
// where a port gets that wrong.
//
// Everything that depends on a secret (the password, the exponents a and b, the shared key) is computed in
// constant time: see arithmetic.go. What comes from the other side is bounded in size before any
// arithmetic, and values that would make the result predictable are refused.
package srp
