package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// proofWindow is how long a proof may take, and how far TIMESTAMP may be from the clock. The service says "a few
// seconds" without a number.
const proofWindow = time.Minute

// proof is an SRP sign-in between its two requests.
type proof struct {
	client   string
	username string // the internal one, made up for a user who does not exist
	user     *user  // nil for a user who does not exist
	bigA     string
	server   *srp.Server
	expires  time.Time
	used     bool
}

func (p *pool) startSRP(c *Client, params map[string]string) (authOutput, error) {
	if err := required(params, paramUsername, paramSRPA); err != nil {
		return authOutput{}, err
	}
	if err := checkAuthHash(c, params); err != nil {
		return authOutput{}, err
	}
	if err := srp.CheckPublicKey(params[paramSRPA]); err != nil {
		return authOutput{}, invalidParameter(err.Error())
	}
	attempt := &proof{client: c.ID, bigA: params[paramSRPA], expires: p.now().Add(proofWindow)}
	u := p.find(params[paramUsername])
	switch {
	case u != nil && u.disabled && !c.PreventUserExistenceErrors:
		return authOutput{}, errDisabled
	case u != nil:
		attempt.user, attempt.username, attempt.server = u, u.username, srp.NewServer(p.verifierOf(u))
	case c.PreventUserExistenceErrors:
		attempt.username, attempt.server = p.madeUp(params[paramUsername])
	default:
		return authOutput{}, errUserNotFound
	}
	if p.lockedOut(attempt.username) {
		return authOutput{}, errLockedOut
	}
	block := p.remember(attempt)
	return authOutput{
		ChallengeName: challengePasswordVerifier,
		ChallengeParameters: map[string]string{
			"SALT": attempt.server.Salt(), "SRP_B": attempt.server.PublicKey(), "SECRET_BLOCK": block,
			paramUsername: attempt.username, paramUserID: attempt.username,
		},
	}, nil
}

// madeUp is the server half for a user who does not exist. Who asks twice gets the same user ID and salt, as for
// a real user; no password fits, since nobody knows one for the verifier.
func (p *pool) madeUp(login string) (string, *srp.Server) {
	username := formatUUID([16]byte(p.stable("user", login)))
	verifier := srp.NewVerifier(p.identity(username), rand.Text())
	verifier.Salt = append([]byte{0}, p.stable("salt", login)[:16]...) // the zero makes the number positive
	return username, srp.NewServer(verifier)
}

// remember keeps an attempt under its SECRET_BLOCK, which says nothing but is as long as the service's.
func (p *pool) remember(attempt *proof) string {
	maps.DeleteFunc(p.proofs, func(_ string, old *proof) bool { return p.now().After(old.expires) })
	var random [1200]byte
	_, _ = rand.Read(random[:]) // it never fails
	block := base64.StdEncoding.EncodeToString(random[:])
	p.proofs[block] = attempt
	return block
}

func (p *pool) answerProof(c *Client, params map[string]string) (authOutput, error) {
	const keyBlock, keySignature, keyTimestamp = "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"
	if err := required(params, keyBlock, keySignature, keyTimestamp); err != nil {
		return authOutput{}, err
	}
	timestamp, err := srp.ParseTimestamp(params[keyTimestamp])
	if err != nil {
		return authOutput{}, errTimestamp
	}
	attempt := p.proofs[params[keyBlock]]
	block, err := base64.StdEncoding.DecodeString(params[keyBlock])
	if err != nil || attempt == nil || attempt.used || attempt.client != c.ID || attempt.username != params[paramUsername] ||
		p.now().After(attempt.expires) || !p.timely(timestamp) {
		return authOutput{}, errWrongPassword
	}
	proven := func() bool {
		id := p.identity(attempt.username)
		err := attempt.server.Verify(id, attempt.bigA, block, params[keyTimestamp], params[keySignature])
		return err == nil && attempt.user != nil
	}
	if attempt.user == nil {
		if p.lockedOut(attempt.username) {
			return authOutput{}, errLockedOut
		}
		proven()
		p.failed(attempt.username)
		return authOutput{}, errWrongPassword
	}
	out, err := p.firstFactor(c, attempt.user, proven)
	attempt.used = err == nil
	return out, err
}

// timely reports whether a proof's time is near the pool's clock, or near the clock that Advance adds to: a client
// on the machine's own clock can sign in after Advance, too.
func (p *pool) timely(t time.Time) bool {
	return p.now().Sub(t).Abs() <= proofWindow || p.cfg.Now().Sub(t).Abs() <= proofWindow
}
