package cognitotest

import (
	"fmt"
	"maps"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

const (
	attrEmail         = "email"
	attrPhone         = "phone_number"
	attrPreferred     = "preferred_username"
	attrSub           = "sub"
	attrEmailVerified = attrEmail + verifiedSuffix
	attrPhoneVerified = attrPhone + verifiedSuffix

	verifiedSuffix = "_verified"
)

// user is a user of the pool. The password is kept as an SRP verifier only.
type user struct {
	username   string // the internal one
	sub        string
	attributes map[string]string
	groups     []*group
	status     string
	disabled   bool
	verifier   srp.Verifier
	serial     int64            // later users have greater ones
	previous   []srp.Verifier   // of earlier passwords, the last one last
	codes      map[string]*code // by codeKey
	inbox      string           // the last code or temporary password that was delivered
	temporary  time.Time        // until when a temporary password is good
	signedOut  time.Time        // everywhere; tokens from before are void
	created    time.Time
	modified   time.Time

	token      *softwareToken // that is verified
	newToken   *softwareToken // that is not yet
	factors    []string       // second factors that the user enabled
	preferred  string         // one of them, or ""
	devices    []*device
	passkeys   []*passkey
	passkeyMFA bool      // passkeys count for both factors
	ceremony   *ceremony // of a passkey that is being registered
}

// AddUser adds a user as an administrator would. It panics when there is such a user already, or u cannot be one.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool
	if u.Username == "" {
		panic("cognitotest: AddUser: want a username")
	}
	if u.Status == "" {
		u.Status = statusConfirmed
	}
	checkNames("User.Status", []string{u.Status}, statusConfirmed, statusUnconfirmed, statusForceChange, statusResetRequired)
	attributes := maps.Clone(u.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	if attr := p.usernameAttribute(u.Username); attr != "" {
		attributes[attr] = u.Username
	}
	if p.find(u.Username) != nil {
		panic(fmt.Sprintf("cognitotest: AddUser: there is a user %q already", u.Username))
	}
	added := p.newUser(u.Username, u.Sub, u.Password, attributes)
	added.status, added.disabled = u.Status, u.Disabled
	if u.Status == statusForceChange {
		added.temporary = p.now().Add(p.cfg.TemporaryPasswordValidity)
	}
	for _, name := range u.Groups {
		p.joinGroup(added, p.ensureGroup(Group{Name: name}))
	}
	p.addFactors(added, &u)
}

// DisableUser disables a user, or enables it again. It panics when there is none.
func (s *Server) DisableUser(username string, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.must(username).disabled = disabled
}

// Code returns the last code or temporary password that was sent to a user, who may be named by an alias that is not verified yet. It
// is "" when none was.
func (s *Server) Code(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.pool.find(username); u != nil {
		return u.inbox
	}
	for _, attr := range []string{attrEmail, attrPhone} {
		if found := s.pool.having(attr, username); len(found) > 0 {
			return found[0].inbox
		}
	}
	return ""
}

// newUser adds a user to the pool. sub and password may be empty.
func (p *pool) newUser(username, sub, password string, attributes map[string]string) *user {
	if sub == "" {
		sub = newUUID()
	}
	if len(p.cfg.UsernameAttributes) > 0 {
		username = sub
	}
	u := &user{
		username: username, sub: sub, attributes: attributes, status: statusUnconfirmed,
		codes: map[string]*code{}, created: p.now(), modified: p.now(),
	}
	if password != "" {
		p.setPassword(u, password)
	}
	p.insert(u)
	return u
}

type getUserOutput struct {
	Username       string
	UserAttributes []attribute

	mfaState
}

func (p *pool) getUser(in *accessTokenInput) (getUserOutput, error) {
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return getUserOutput{}, err
	}
	return getUserOutput{Username: u.username, UserAttributes: u.readable(c), mfaState: u.mfaState()}, nil
}

type adminGetUserOutput struct {
	getUserOutput
	Enabled              bool
	UserStatus           string
	UserCreateDate       float64
	UserLastModifiedDate float64
}

func (p *pool) adminGetUser(in *adminInput) (adminGetUserOutput, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return adminGetUserOutput{}, err
	}
	return adminGetUserOutput{
		getUserOutput: getUserOutput{Username: u.username, UserAttributes: u.readable(nil), mfaState: u.mfaState()},
		Enabled:       !u.disabled, UserStatus: u.status,
		UserCreateDate: epoch(u.created), UserLastModifiedDate: epoch(u.modified),
	}, nil
}

// epoch is a time on the wire: seconds with milliseconds.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
