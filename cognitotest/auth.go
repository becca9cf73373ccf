package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// Keys of AuthParameters, ChallengeParameters and ChallengeResponses.
const (
	paramUsername      = "USERNAME"
	paramPassword      = "PASSWORD"
	paramSecretHash    = "SECRET_HASH"
	paramSRPA          = "SRP_A"
	paramRefreshToken  = "REFRESH_TOKEN"
	paramUserID        = "USER_ID_FOR_SRP"
	paramNewPassword   = "NEW_PASSWORD"
	paramDeviceKey     = "DEVICE_KEY"
	paramAnswer        = "ANSWER"
	paramChallengeName = "CHALLENGE_NAME"
	paramPreferred     = "PREFERRED_CHALLENGE"
	paramCredential    = "CREDENTIAL"
	paramEmail         = "EMAIL"

	attributePrefix = "userAttributes."
)

// The flows.
const (
	flowSRP           = "USER_SRP_AUTH"
	flowPassword      = "USER_PASSWORD_AUTH"
	flowCustom        = "CUSTOM_AUTH"
	flowChoice        = "USER_AUTH"
	flowRefresh       = "REFRESH_TOKEN_AUTH"
	flowRefreshAlias  = "REFRESH_TOKEN"
	flowAdminPassword = "ADMIN_USER_PASSWORD_AUTH"
	flowAdminNoSRP    = "ADMIN_NO_SRP_AUTH" // the former name of that
)

type initiateAuthInput struct {
	AuthFlow       string
	ClientID       string `json:"ClientId"`
	AuthParameters map[string]string
	ClientMetadata map[string]string
	Session        string
	contextData
}

// contextData is the user's address in the requests of users and administrators.
type contextData struct{ UserContextData, ContextData userAddress }

func (d contextData) address() string {
	if d.ContextData.IPAddress != "" {
		return d.ContextData.IPAddress
	}
	return d.UserContextData.IPAddress
}

// authOutput is a challenge or tokens, never both.
type authOutput struct {
	ChallengeName        string            `json:",omitempty"`
	Session              string            `json:",omitempty"`
	ChallengeParameters  map[string]string // there with tokens too, empty
	AvailableChallenges  []string          `json:",omitempty"`
	AuthenticationResult *authResult       `json:",omitempty"`

	hosted *login // on the pool's pages: who has signed in; nil while there is a challenge
}

func (p *pool) initiateAuth(in *initiateAuthInput) (authOutput, error) { return p.initiate(in, false) }

// initiate starts a sign-in with the user's or the administrator's operation.
func (p *pool) initiate(in *initiateAuthInput, admin bool) (authOutput, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	if err := checkFlow(c, in.AuthFlow, admin); err != nil {
		return authOutput{}, err
	}
	r := &authRequest{
		client: c, admin: admin, session: in.Session, params: in.AuthParameters,
		metadata: in.ClientMetadata, address: in.address(),
	}
	switch in.AuthFlow {
	case flowSRP:
		return p.startSRP(r)
	case flowCustom:
		return p.startCustom(r)
	case flowChoice:
		return p.startChoice(r)
	case flowRefresh, flowRefreshAlias:
		return p.startRefresh(r)
	default:
		return p.startPassword(r, in.AuthFlow)
	}
}

// gates maps flows to the value of ExplicitAuthFlows that allows them.
var gates = map[string]string{
	flowSRP: "ALLOW_USER_SRP_AUTH", flowPassword: "ALLOW_USER_PASSWORD_AUTH", flowCustom: "ALLOW_CUSTOM_AUTH",
	flowChoice: "ALLOW_USER_AUTH", flowRefresh: "ALLOW_REFRESH_TOKEN_AUTH",
	flowRefreshAlias:  "ALLOW_REFRESH_TOKEN_AUTH",
	flowAdminPassword: "ALLOW_ADMIN_USER_PASSWORD_AUTH", flowAdminNoSRP: "ALLOW_ADMIN_USER_PASSWORD_AUTH",
}

// checkFlow checks that the operation supports the flow and that the client allows it.
func checkFlow(c *Client, flow string, admin bool) error {
	gate := gates[flow]
	forAdmins := flow == flowAdminPassword || flow == flowAdminNoSRP
	switch {
	case forAdmins != admin && (forAdmins || flow == flowPassword):
		return errFlowOperation
	case slices.Contains(c.ExplicitAuthFlows, gate):
		return nil
	case admin:
		return errAdminFlowGate
	default:
		return errFlowGate(flow)
	}
}

func required(params map[string]string, names ...string) error {
	for _, name := range names {
		if params[name] == "" {
			return errMissing(name)
		}
	}
	return nil
}

func (p *pool) startPassword(r *authRequest, flow string) (authOutput, error) {
	if err := r.check(paramUsername, paramPassword); err != nil {
		return authOutput{}, err
	}
	if err := p.migrateAtSignIn(r); err != nil {
		return authOutput{}, err
	}
	l, err := p.identify(r, flow)
	if err != nil {
		return authOutput{}, err
	}
	return p.provePassword(l, r.params[paramPassword])
}

// provePassword checks the first factor of the flows that send the password.
func (p *pool) provePassword(l *login, password string) (authOutput, error) {
	return p.firstFactor(l, methodPassword, func() bool { return l.user != nil && p.knows(l.user, password) })
}

// firstFactor checks a user's password or passkey and the other conditions for the next step, in
// the service's order. For a user who does not exist, proven must be false.
func (p *pool) firstFactor(l *login, method string, proven func() bool) (authOutput, error) {
	switch {
	case l.user != nil && l.user.disabled && !l.client.PreventUserExistenceErrors:
		return authOutput{}, errDisabled
	case p.lockedOut(l.username):
		return authOutput{}, errLockedOut
	}
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	if !proven() {
		p.failed(l.username)
		p.noteFailure(l, partPassword)
		l.failed = true
		return authOutput{}, errWrongPassword
	}
	p.succeeded(l.username)
	l.proved(method)
	if err := p.mayEnter(l.user); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	switch {
	case l.flow == flowCustom:
		l.rounds = append(slices.Clone(l.rounds), ChallengeResult{Name: challengePasswordVerifier, Passed: true})
		return p.nextRound(l)
	case l.user.status == statusForceChange:
		return p.askNewPassword(l)
	default:
		return p.secondFactor(l)
	}
}

// mayEnter returns an error if a user who has proven a factor may not sign in.
func (p *pool) mayEnter(u *user) error {
	switch {
	case u.disabled:
		return errDisabled
	case u.status == statusUnconfirmed:
		return errNotConfirmed
	case u.status == statusResetRequired:
		return errResetRequired
	case u.status == statusForceChange && p.now().After(u.temporary):
		return errTemporary
	default:
		return nil
	}
}

// finish issues the tokens of a login that has proven everything required.
func (p *pool) finish(l *login) (authOutput, error) {
	u := l.user
	if u == nil || p.bySub(u.sub) != u {
		return authOutput{}, errWrongPassword
	}
	if err := p.mayEnter(u); err != nil {
		return authOutput{}, err
	}
	event := p.loginEvent("PostAuthentication_Authentication", l)
	if err := trigger(p, triggerPostAuthentication, p.cfg.Triggers.PostAuthentication, &event); err != nil {
		return authOutput{}, err
	}
	if l.hosted {
		return authOutput{hosted: l}, nil
	}
	return p.signIn(l)
}

// authRequest is one request of a sign-in.
type authRequest struct {
	client   *Client
	admin    bool // by the operation of administrators
	hosted   bool // on the pool's pages
	session  string
	params   map[string]string
	metadata map[string]string
	address  string // where the user is; "" where the request does not say
}

// check checks that the named parameters are present, and the secret hash.
func (r *authRequest) check(names ...string) error {
	if err := required(r.params, names...); err != nil {
		return err
	}
	return checkAuthHash(r.client, r.params)
}

// login is a sign-in under way, from its first request to its tokens.
type login struct {
	client   *Client
	admin    bool // begun by an administrator, who must also continue it
	flow     string
	user     *user  // nil for a user who does not exist
	username string // the internal one, made up for a user who does not exist
	typed    string // what the client called the user
	source   string // of the tokens, for PreTokenGeneration; "" for the usual one
	hosted   bool   // on the pool's pages, which make an authorization code of it

	// Of the request in hand: a device counts only for the step that names it.
	metadata  map[string]string
	deviceKey string
	device    *device // once deviceKey is looked up; nil for none that is confirmed

	methods     []string // that the user has completed
	target      int      // the level that is to be reached; 0 when none is
	failed      bool     // a challenge on the way to target, which ends it
	address     string   // where the user is, as far as a request has said
	bothFactors bool     // a passkey proved them

	bigA   string            // that CUSTOM_AUTH began with; "" without SRP
	rounds []ChallengeResult // of CUSTOM_AUTH
}

// identify starts the login of the user that a request names.
func (p *pool) identify(r *authRequest, flow string) (*login, error) {
	l := &login{client: r.client, admin: r.admin, flow: flow, typed: r.params[paramUsername]}
	l.take(r)
	l.user = p.find(l.typed)
	switch {
	case l.user == nil && !r.client.PreventUserExistenceErrors:
		return nil, errUserNotFound
	case l.user == nil:
		l.username = p.madeUpName(l.typed)
	case l.user.disabled && !r.client.PreventUserExistenceErrors:
		return nil, errDisabled
	default:
		l.username = l.user.username
	}
	return l, nil
}

// take records what a request contains besides its answer.
func (l *login) take(r *authRequest) {
	l.metadata, l.deviceKey, l.device = maps.Clone(r.metadata), r.params[paramDeviceKey], nil
	if r.address != "" {
		l.address = r.address
	}
}

// madeUpName returns the internal name of a user who does not exist. Like a real one, it is the
// same each time, and for every spelling that the pool considers the same name.
func (p *pool) madeUpName(login string) string {
	return formatUUID([16]byte(p.stable("user", p.fold(login))))
}

// loginEvent returns the event of a trigger for a login.
func (p *pool) loginEvent(source string, l *login) TriggerEvent {
	return p.event(source, l.client, l.user, l.typed, l.metadata)
}

func (p *pool) preAuthentication(l *login) error {
	event := p.loginEvent("PreAuthentication_Authentication", l)
	return trigger(p, triggerPreAuthentication, p.cfg.Triggers.PreAuthentication, &event)
}

// startChoice starts USER_AUTH: with the session of a sign-up that was just confirmed, with the
// factor that the client prefers, or by asking for a factor.
func (p *pool) startChoice(r *authRequest) (authOutput, error) {
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	if r.session != "" {
		return p.autoSignIn(r)
	}
	factor := r.params[paramPreferred]
	if factor == challengePassword {
		if err := p.migrateAtSignIn(r); err != nil {
			return authOutput{}, err
		}
	}
	l, err := p.identify(r, flowChoice)
	if err != nil {
		return authOutput{}, err
	}
	if err := p.aim(l, r.params); err != nil {
		return authOutput{}, err
	}
	if l.target > 0 && len(l.methods) > 0 && len(p.raising(l)) > 0 {
		return p.stepUp(l)
	}
	offered := p.firstFactorsTowards(l)
	switch {
	case slices.Contains(offered, factor):
		return p.beginFactor(l, factor, r.params)
	case l.user == nil && slices.Contains(offered, challengeEmail):
		return p.beginFactor(l, challengeEmail, r.params)
	case len(offered) == 0:
		return authOutput{}, errNoFactor
	default:
		return p.askSelect(l, offered), nil
	}
}

// autoSignIn signs in a user who has just confirmed a sign-up.
func (p *pool) autoSignIn(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, afterConfirmation)
	if err != nil {
		return authOutput{}, err
	}
	l := s.login
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	if err := p.mayEnter(l.user); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	s.used = true
	return p.secondFactor(l)
}

// firstFactors returns the factors that a user can start with. For a user who does not exist it
// returns plausible ones.
func (p *pool) firstFactors(u *user) []string {
	var offered []string
	for _, factor := range p.cfg.FirstFactors {
		if u != nil && !p.mayBegin(u, factor) || u == nil && factor == challengeWebAuthn {
			continue
		}
		if factor == challengePassword {
			offered = append(offered, challengePasswordSRP)
		}
		offered = append(offered, factor)
	}
	return offered
}

// mayBegin reports whether a user may start with a factor. For users with MFA, codes alone are not
// enough, and passkeys only if the pool counts them as both factors.
func (p *pool) mayBegin(u *user, factor string) bool {
	switch {
	case !u.has(factor):
		return false
	case factor == challengePassword:
		return true
	case u.status == statusForceChange:
		return false
	case factor == challengeWebAuthn:
		return !p.usesMFA(u) || p.cfg.WebAuthn.MultiFactor && u.passkeyMFA
	default:
		return !p.usesMFA(u)
	}
}

// beginFactor asks for a first factor, or checks it if the request contains it.
func (p *pool) beginFactor(l *login, factor string, params map[string]string) (authOutput, error) {
	switch factor {
	case challengePassword:
		if err := required(params, paramPassword); err != nil {
			return authOutput{}, err
		}
		return p.provePassword(l, params[paramPassword])
	case challengePasswordSRP:
		if err := checkSRPA(params); err != nil {
			return authOutput{}, err
		}
		return p.askProof(l, params[paramSRPA])
	case challengeWebAuthn:
		return p.askPasskey(l)
	default:
		return p.beginOTP(l, factor)
	}
}

// beginOTP delivers a code as the first factor. A user who has not confirmed the address yet gets
// one, too, because the code also confirms it.
func (p *pool) beginOTP(l *login, factor string) (authOutput, error) {
	if l.user != nil && l.user.status != statusUnconfirmed {
		if err := p.mayEnter(l.user); err != nil {
			return authOutput{}, err
		}
	}
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	address := attrEmail
	if factor == challengeSMSOTP {
		address = attrPhone
	}
	return p.askCode(l, &challengeSession{challenge: factor, address: address, first: true}, otpDigits)
}

// askSelect lets the user choose a first factor.
func (p *pool) askSelect(l *login, offered []string) authOutput {
	out := p.challenge(&challengeSession{login: l, challenge: challengeSelect, options: offered}, map[string]string{})
	out.AvailableChallenges = offered
	return out
}

// answerSelect handles a choice, or a choice with the proof.
func (p *pool) answerSelect(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeSelect, challengeWebAuthn)
	if err != nil {
		return authOutput{}, err
	}
	if err := required(r.params, paramAnswer); err != nil {
		return authOutput{}, err
	}
	factor := r.params[paramAnswer]
	switch {
	case !slices.Contains(s.options, factor):
		return authOutput{}, errSelection
	case factor == challengePassword && r.params[paramPassword] == "":
		s.used = true
		return p.challenge(&challengeSession{login: s.login, challenge: factor, options: []string{factor}},
			map[string]string{}), nil
	case factor == challengeWebAuthn && r.params[paramCredential] != "":
		return p.answerPasskey(s, r.params)
	}
	return p.continueWith(s, factor, r.params)
}

// continueWith uses a session for a first factor. If that fails, the session remains valid.
func (p *pool) continueWith(s *challengeSession, factor string, params map[string]string) (authOutput, error) {
	out, err := p.beginFactor(s.login, factor, params)
	s.used = err == nil
	return out, err
}

// answerFirst handles the proof of a first factor under the factor's own name.
func (p *pool) answerFirst(factor string, r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, factor, challengeSelect)
	switch {
	case err != nil:
		return authOutput{}, err
	case !slices.Contains(s.options, factor):
		return authOutput{}, errSelection
	case factor == challengeWebAuthn:
		if err := required(r.params, paramCredential); err != nil {
			return authOutput{}, err
		}
		return p.answerPasskey(s, r.params)
	default:
		return p.continueWith(s, factor, r.params)
	}
}

type adminInitiateAuthInput struct {
	initiateAuthInput

	UserPoolID string `json:"UserPoolId"`
}

func (p *pool) adminInitiateAuth(in *adminInitiateAuthInput) (authOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return authOutput{}, err
	}
	return p.initiate(&in.initiateAuthInput, true)
}

type adminRespondInput struct {
	respondInput

	UserPoolID string `json:"UserPoolId"`
}

func (p *pool) adminRespondToAuthChallenge(in *adminRespondInput) (authOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return authOutput{}, err
	}
	return p.respond(&in.respondInput, true)
}

// proofWindow is how long a challenge for a proof can be answered. The service's documentation says
// "a few seconds" without a number. TIMESTAMP is part of what is signed, but its age does not
// matter: phones whose clock is an hour off can sign in.
const proofWindow = time.Minute

// The parameters of a proof.
const (
	paramBlock     = "PASSWORD_CLAIM_SECRET_BLOCK"
	paramSignature = "PASSWORD_CLAIM_SIGNATURE"
	paramTimestamp = "TIMESTAMP"
)

// proof is an SRP proof of a password or a device, between its two requests.
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

// askProof asks for the proof of a password. In USER_SRP_AUTH only the block connects the answer
// with it; in other flows there is a session.
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

// passwordServer returns the server's half of SRP for a password. For a user without one it is made
// up: the salt is the same each time, as for a real user, and no password matches.
func (p *pool) passwordServer(l *login) *srp.Server {
	if l.user != nil && l.user.hasPassword() {
		return srp.NewServer(l.user.verifier)
	}
	verifier := srp.NewVerifier(p.identity(l.username), rand.Text())
	// The zero makes the number positive.
	verifier.Salt = append([]byte{0}, p.stable("salt", l.username)[:16]...)
	return srp.NewServer(verifier)
}

// remember stores an attempt under its SECRET_BLOCK, which is random but as long as the service's.
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
	out, err := p.firstFactor(l, methodPassword, func() bool {
		return attempt.verify(r.params) && l.user != nil && l.user.hasPassword()
	})
	if err == nil {
		p.spend(attempt)
	}
	return out, err
}

// spend makes an attempt and its session invalid for another answer.
func (p *pool) spend(attempt *proof) {
	attempt.used = true
	if s := p.sessions[attempt.session]; s != nil {
		s.used = true
	}
}

// openProof returns the attempt that an answer refers to.
func (p *pool) openProof(r *authRequest, challenge string) (*proof, error) {
	if err := required(r.params, paramBlock, paramSignature, paramTimestamp); err != nil {
		return nil, err
	}
	if _, err := srp.ParseTimestamp(r.params[paramTimestamp]); err != nil {
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
	if attempt.used || l.missed() || l.client.ID != r.client.ID || l.admin != r.admin ||
		l.username != r.params[paramUsername] ||
		p.now().After(attempt.expires) {
		return nil, errWrongPassword
	}
	l.take(r)
	return attempt, nil
}

// checkProofSession checks the session of a proof. USER_SRP_AUTH has none. A device's may be
// omitted, because the service's own clients omit it.
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

// checkHash checks the secret hash of a request that names username. mismatch is the text of the
// error for a wrong one. How the service treats a hash from a client without a secret is not
// documented; here it is rejected.
func checkHash(c *Client, username, hash, mismatch string) error {
	switch {
	case c.Secret == "" && hash == "":
		return nil
	case c.Secret == "":
		return notAuthorized(mismatch)
	case hash == "":
		return notAuthorized("Client " + c.ID + " is configured with secret but SECRET_HASH was not received")
	case !c.acceptsHash(username, hash):
		return notAuthorized(mismatch)
	default:
		return nil
	}
}

// checkAuthHash is checkHash for the parameters of a sign-in.
func checkAuthHash(c *Client, params map[string]string) error {
	return checkHash(c, params[paramUsername], params[paramSecretHash], "Unable to verify secret hash for client "+c.ID)
}

// migrateAtSignIn is migrate for a sign-in, if it sends the password.
func (p *pool) migrateAtSignIn(r *authRequest) error {
	password := r.params[paramPassword]
	if password == "" {
		return nil
	}
	return p.migrate("UserMigration_Authentication", r.client, r.params[paramUsername], password, r.metadata)
}

// migrate calls the trigger UserMigration for a user whom the pool does not have, and adds the user
// if the trigger finds one. password is "" for a user who has forgotten it.
func (p *pool) migrate(source string, c *Client, name, password string, metadata map[string]string) error {
	if !p.hasTrigger(triggerMigration) || p.find(name) != nil {
		return nil
	}
	event := &UserMigrationEvent{TriggerEvent: p.event(source, c, nil, name, metadata), Password: password}
	if err := trigger(p, triggerMigration, p.cfg.Triggers.UserMigration, event); err != nil {
		return err
	}
	if !event.Found || p.find(name) != nil { // or somebody has added the user meanwhile
		return nil
	}
	attributes := maps.Clone(event.NewAttributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	if attr := p.usernameAttribute(name); attr != "" {
		attributes[attr] = name
	}
	u := p.newUser(name, "", password, attributes)
	u.status = statusResetRequired
	if event.Status == statusConfirmed {
		u.status = statusConfirmed
	}
	return nil
}
