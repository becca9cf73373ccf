// Package srp implements SRP-6a as Amazon Cognito uses it: the client half, the server half, and
// the verifiers of users and devices. It is independent of AWS.
//
// The group is the 3072-bit group of RFC 3526 with the generator 2. The hash is SHA-256. Numbers
// are hashed in the encoding of Java's BigInteger.toByteArray (see pad), never at a fixed width. If
// an implementation gets this wrong, about one sign-in in 128 fails.
//
// Everything that depends on a secret (the password, the exponents a and b, the shared key) is
// computed in constant time; see arithmetic.go. Values from the other side are bounded in size
// before any arithmetic. Values that would make the result predictable are rejected.
package srp
