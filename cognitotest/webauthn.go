package cognitotest

// How a passkey must know its owner, by a finger or a PIN.
const (
	uvRequired  = "required"
	uvPreferred = "preferred"
)

// WebAuthn is how a pool takes passkeys.
type WebAuthn struct {
	// RelyingPartyID is the domain that passkeys are made for. Without one, passkeys cannot be registered.
	RelyingPartyID string
	// Origins are the pages that passkeys are used on. If nil, they are those of the relying party and its
	// subdomains over https, and over http for "localhost".
	Origins []string
	// UserVerification is "required" or "preferred". If empty, it is "preferred".
	UserVerification string
	// MultiFactor makes a passkey that verified its user count for both factors; else users with MFA cannot sign
	// in by passkey.
	MultiFactor bool
}
