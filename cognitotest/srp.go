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

// The parameters of a proof.
const (
	paramBlock     = "PASSWORD_CLAIM_SECRET_BLOCK"
	paramSignature = "PASSWORD_CLAIM_SIGNATURE"
	paramTimestamp = "TIMESTAMP"
)

// proof is a proof by SRP, of a password or of a device, between its two requests.
type proof struct {
	login   *login
	device  *device // nil for a password
	id      srp.Identity
	bigA    string
	server  *srp.Server
	expires time.Time
	used    bool
	session string // the handle that came with it; "" for none
}

func (p *pool) startSRP(r *authRequest) (authOutput, error) {
	if err := r.check(paramUsername, paramSRPA); err != nil {
		return authOutput{}, err
	}
	if err := checkSRPA(r.params); err != nil {
		return authOutput{}, err
	}
	l, err := p.identify(r, flowSRP)
	if err != nil {
		return authOutput{}, err
	}
	return p.askProof(l, r.params[paramSRPA])
}

// askProof asks for the proof of a password. In USER_SRP_AUTH the block is all that ties the answer to it; in the
// other flows there is a session.
func (p *pool) askProof(l *login, bigA string) (authOutput, error) {
	if p.lockedOut(l.username) {
		return authOutput{}, errLockedOut
	}
	attempt := &proof{login: l, id: p.identity(l.username), bigA: bigA, server: p.passwordServer(l)}
	out := authOutput{ChallengeName: challengePasswordVerifier}
	if l.flow != flowSRP {
		out.Session = p.newSession(&challengeSession{login: l, challenge: challengePasswordVerifier, told: true})
		attempt.session = out.Session
	}
	out.ChallengeParameters = map[string]string{
		"SALT": attempt.server.Salt(), "SRP_B": attempt.server.PublicKey(), "SECRET_BLOCK": p.remember(attempt),
		paramUsername: l.username, paramUserID: l.username,
	}
	return out, nil
}

// passwordServer is the server half for a password. For who has none it is made up: who asks twice gets the same
// salt, as for a real one; no password fits, since nobody knows one for the verifier.
func (p *pool) passwordServer(l *login) *srp.Server {
	if l.user != nil && l.user.hasPassword() {
		return srp.NewServer(l.user.verifier)
	}
	verifier := srp.NewVerifier(p.identity(l.username), rand.Text())
	verifier.Salt = append([]byte{0}, p.stable("salt", l.username)[:16]...) // the zero makes the number positive
	return srp.NewServer(verifier)
}

// remember keeps an attempt under its SECRET_BLOCK, which says nothing but is as long as the service's.
func (p *pool) remember(attempt *proof) string {
	attempt.expires = p.now().Add(proofWindow)
	maps.DeleteFunc(p.proofs, func(_ string, old *proof) bool { return p.now().After(old.expires) })
	var random [1200]byte
	_, _ = rand.Read(random[:]) // it never fails
	block := base64.StdEncoding.EncodeToString(random[:])
	p.proofs[block] = attempt
	return block
}

func (p *pool) answerProof(r *authRequest) (authOutput, error) {
	attempt, err := p.openProof(r, challengePasswordVerifier)
	if err != nil {
		return authOutput{}, err
	}
	l := attempt.login
	out, err := p.firstFactor(l, func() bool {
		return attempt.verify(r.params) && l.user != nil && l.user.hasPassword()
	})
	if err == nil {
		p.spend(attempt)
	}
	return out, err
}

// spend makes an attempt and its session no good for another answer.
func (p *pool) spend(attempt *proof) {
	attempt.used = true
	if s := p.sessions[attempt.session]; s != nil {
		s.used = true
	}
}

// openProof finds the attempt that an answer is about.
func (p *pool) openProof(r *authRequest, challenge string) (*proof, error) {
	if err := required(r.params, paramBlock, paramSignature, paramTimestamp); err != nil {
		return nil, err
	}
	timestamp, err := srp.ParseTimestamp(r.params[paramTimestamp])
	if err != nil {
		return nil, errTimestamp
	}
	attempt := p.proofs[r.params[paramBlock]]
	if attempt == nil || (attempt.device != nil) != (challenge == challengeDeviceVerifier) {
		return nil, errWrongPassword
	}
	if err := p.checkProofSession(r, attempt, challenge); err != nil {
		return nil, err
	}
	l := attempt.login
	if attempt.used || l.client.ID != r.client.ID || l.admin != r.admin || l.username != r.params[paramUsername] ||
		p.now().After(attempt.expires) || !p.timely(timestamp) {
		return nil, errWrongPassword
	}
	l.take(r)
	return attempt, nil
}

// checkProofSession checks the session of a proof. There is none in USER_SRP_AUTH, and a device's may be left out,
// since the service's own clients leave it out.
func (p *pool) checkProofSession(r *authRequest, attempt *proof, challenge string) error {
	if r.session == "" && (attempt.session == "" || attempt.device != nil) {
		return nil
	}
	if _, err := p.openSession(r, challenge); err != nil {
		return err
	}
	if r.session != attempt.session {
		return errSession
	}
	return nil
}

// verify checks the signature of an answer.
func (a *proof) verify(params map[string]string) bool {
	block, err := base64.StdEncoding.DecodeString(params[paramBlock])
	return err == nil && a.server.Verify(a.id, a.bigA, block, params[paramTimestamp], params[paramSignature]) == nil
}

// timely reports whether a proof's time is near the pool's clock, or near the clock that Advance adds to: a client
// on the machine's own clock can sign in after Advance, too.
func (p *pool) timely(t time.Time) bool {
	return p.now().Sub(t).Abs() <= proofWindow || p.cfg.Now().Sub(t).Abs() <= proofWindow
}
