package cognitotest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// lambdaConfig is the wire form of the triggers of a pool: for each event the ARN of a function of
// [Config.Triggers], or a URL. Triggers that the server does not call (senders, federation) are
// stored and described.
type lambdaConfig struct {
	PreSignUp                   string           `json:",omitempty"`
	CustomMessage               string           `json:",omitempty"`
	PostConfirmation            string           `json:",omitempty"`
	PreAuthentication           string           `json:",omitempty"`
	PostAuthentication          string           `json:",omitempty"`
	DefineAuthChallenge         string           `json:",omitempty"`
	CreateAuthChallenge         string           `json:",omitempty"`
	VerifyAuthChallengeResponse string           `json:",omitempty"`
	PreTokenGeneration          string           `json:",omitempty"`
	UserMigration               string           `json:",omitempty"`
	PreTokenGenerationConfig    *versionedLambda `json:",omitempty"`
	CustomSMSSender             *versionedLambda `json:",omitempty"`
	CustomEmailSender           *versionedLambda `json:",omitempty"`
	InboundFederation           *versionedLambda `json:",omitempty"`
	KMSKeyID                    string           `json:",omitempty"`
}

type versionedLambda struct {
	LambdaArn     string
	LambdaVersion string
}

// The names of the triggers that the server calls.
const (
	triggerPreSignUp          = "PreSignUp"
	triggerPostConfirmation   = "PostConfirmation"
	triggerPreAuthentication  = "PreAuthentication"
	triggerPostAuthentication = "PostAuthentication"
	triggerDefineChallenge    = "DefineAuthChallenge"
	triggerCreateChallenge    = "CreateAuthChallenge"
	triggerVerifyChallenge    = "VerifyAuthChallengeResponse"
	triggerPreToken           = "PreTokenGeneration"
	triggerMigration          = "UserMigration"
	triggerCustomMessage      = "CustomMessage"
)

// member returns the member of that name.
func (l *lambdaConfig) member(name string) *string {
	switch name {
	case triggerPreSignUp:
		return &l.PreSignUp
	case triggerPostConfirmation:
		return &l.PostConfirmation
	case triggerPreAuthentication:
		return &l.PreAuthentication
	case triggerPostAuthentication:
		return &l.PostAuthentication
	case triggerDefineChallenge:
		return &l.DefineAuthChallenge
	case triggerCreateChallenge:
		return &l.CreateAuthChallenge
	case triggerVerifyChallenge:
		return &l.VerifyAuthChallengeResponse
	case triggerPreToken:
		return &l.PreTokenGeneration
	case triggerMigration:
		return &l.UserMigration
	case triggerCustomMessage:
		return &l.CustomMessage
	default:
		return nil
	}
}

// version returns the version of the event that PreTokenGeneration gets: 1 to 3.
func (l *lambdaConfig) version() int {
	if l.PreTokenGenerationConfig == nil {
		return 1
	}
	return slices.Index(tokenVersions, l.PreTokenGenerationConfig.LambdaVersion) + 1
}

// reference returns the ARN or the URL to call at an event, or "".
func (l *lambdaConfig) reference(name string) string {
	if name == triggerPreToken && l.PreTokenGenerationConfig != nil {
		return l.PreTokenGenerationConfig.LambdaArn
	}
	return *l.member(name)
}

var (
	arnPattern = regexp.MustCompile(`^arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:` +
		`[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?$`)
	tokenVersions = []string{"V1_0", "V2_0", "V3_0"}
	// triggerNames are the names that [Config.TriggerURLs] may contain.
	triggerNames = []string{
		triggerPreSignUp, triggerPostConfirmation, triggerPreAuthentication, triggerPostAuthentication,
		triggerDefineChallenge, triggerCreateChallenge, triggerVerifyChallenge,
		triggerPreToken, triggerMigration, triggerCustomMessage,
	}
)

// form checks the form of the references. A URL must refer to this machine: otherwise anyone who
// can create a pool could make the server send requests anywhere.
func (l *lambdaConfig) form(v *validation) {
	check := func(member, reference string) {
		switch {
		case reference == "" || localURL(reference):
		case !arnPattern.MatchString(reference):
			pattern := strings.Trim(arnPattern.String(), "^$")
			v.fail("lambdaConfig."+member, "Member must satisfy regular expression pattern: "+pattern+
				" (cognitotest: or be an http URL of this machine)")
		}
	}
	for _, name := range triggerNames {
		check(strings.ToLower(name[:1])+name[1:], *l.member(name))
	}
	if c := l.PreTokenGenerationConfig; c != nil {
		check("preTokenGenerationConfig.lambdaArn", c.LambdaArn)
	}
}

func httpURL(reference string) (*url.URL, bool) {
	u, err := url.Parse(reference)
	return u, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// localURL reports whether a reference is an HTTP URL of this machine.
func localURL(reference string) bool {
	u, ok := httpURL(reference)
	if !ok {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// functionARN returns the ARN of a function of [Config.Triggers].
func functionARN(cfg *Config, name string) string {
	region, _ := splitPoolID(cfg.UserPoolID)
	return "arn:aws:lambda:" + region + ":" + account + ":function:cognitotest-" + name
}

// lambdasOf returns the triggers of a Config on the wire.
func lambdasOf(cfg *Config) *lambdaConfig {
	l, t := &lambdaConfig{}, &cfg.Triggers
	for name, there := range map[string]bool{
		triggerPreSignUp: t.PreSignUp != nil, triggerPostConfirmation: t.PostConfirmation != nil,
		triggerPreAuthentication: t.PreAuthentication != nil, triggerPostAuthentication: t.PostAuthentication != nil,
		triggerDefineChallenge: t.DefineAuthChallenge != nil, triggerCreateChallenge: t.CreateAuthChallenge != nil,
		triggerVerifyChallenge: t.VerifyAuthChallenge != nil, triggerPreToken: t.PreTokenGeneration != nil,
		triggerMigration: t.UserMigration != nil, triggerCustomMessage: t.CustomMessage != nil,
	} {
		if there {
			*l.member(name) = functionARN(cfg, name)
		} else {
			*l.member(name) = cfg.TriggerURLs[name]
		}
	}
	if reference := l.PreTokenGeneration; reference != "" {
		l.PreTokenGenerationConfig = &versionedLambda{reference, tokenVersions[1]}
	}
	return l
}

// checkTriggerURLs panics if a trigger URL is invalid, or if there is a function for the same
// trigger.
func (cfg *Config) checkTriggerURLs() {
	functions := *cfg
	functions.TriggerURLs = nil
	for name, reference := range cfg.TriggerURLs {
		checkNames("Config.TriggerURLs", []string{name}, triggerNames...)
		if _, ok := httpURL(reference); !ok {
			panic("cognitotest: Config.TriggerURLs[" + name + "]: want an http or https URL")
		}
		if *lambdasOf(&functions).member(name) != "" {
			panic("cognitotest: Config.TriggerURLs[" + name + "]: it is among the Triggers, too")
		}
	}
}

// hasTrigger reports whether the pool has a trigger for an event.
func (p *pool) hasTrigger(name string) bool { return p.settings.LambdaConfig.reference(name) != "" }

// lambdaEvent returns an event in the form that a Lambda function gets.
type lambdaEvent interface {
	base() *TriggerEvent
	// request returns the event's request. version is the version of PreTokenGeneration.
	request(version int) map[string]any
	// respond applies the function's response. It returns an error if it is invalid.
	respond(response []byte) error
}

// trigger calls the trigger that the pool has for an event: fn, which is the function of
// [Config.Triggers], a URL, or nothing. A call changes the event.
func trigger[E any, P interface {
	*E
	lambdaEvent
}](p *pool, name string, fn func(*E) error, event P) error {
	reference := p.settings.LambdaConfig.reference(name)
	switch _, ok := httpURL(reference); {
	case reference == "":
		return nil
	case ok:
		return p.callURL(name, reference, event)
	case fn == nil || reference != p.service.functions.reference(name):
		return exception("UnexpectedLambdaException", name+" invocation failed due to error: "+
			"cognitotest has no function "+reference+"; give a URL in its place.")
	}
	if err := fn(event); err != nil {
		return triggerFailed(name, err.Error())
	}
	return nil
}

func triggerFailed(name, text string) error {
	return exception("UserLambdaValidationException", name+" failed with error "+text+".")
}

const (
	triggerTimeout   = 5 * time.Second
	maxTriggerAnswer = 1 << 20
	maxTriggerError  = 1 << 10 // of the text of an error
)

var errLambdaOutput = exception("InvalidLambdaResponseException", "Unrecognizable lambda output")

// callURL posts an event to a URL and applies the response. The pool is not locked during the call,
// because the function may call the service as an administrator.
func (p *pool) callURL(name, reference string, event lambdaEvent) error {
	version := 1
	if name == triggerPreToken {
		version = p.settings.LambdaConfig.version()
	}
	body, err := json.Marshal(p.lambdaEvent(event, version))
	if err != nil {
		return err
	}
	var answer []byte
	var status int
	p.service.unlocked(func() { status, answer, err = post(p.service.caller, reference, body) })
	if err != nil {
		reason := "cannot reach the function"
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			reason = "Socket timeout while invoking Lambda function"
		}
		return exception("UnexpectedLambdaException", name+" invocation failed due to error "+reason+".")
	}
	if len(answer) > maxTriggerAnswer {
		return errLambdaOutput
	}
	var out struct {
		Response     json.RawMessage `json:"response"`
		ErrorMessage *string         `json:"errorMessage"` // of a Lambda runtime, with status 200, too
	}
	broken := json.Unmarshal(answer, &out)
	switch {
	case broken == nil && out.ErrorMessage != nil:
		return triggerFailed(name, oneLine(*out.ErrorMessage))
	case status < 200 || status > 299:
		return triggerFailed(name, oneLine(cmp.Or(strings.TrimSpace(string(answer)), http.StatusText(status))))
	case broken != nil || out.Response == nil:
		return errLambdaOutput
	case event.respond(out.Response) != nil:
		return errLambdaOutput
	default:
		return nil
	}
}

// post sends an event and reads the response, up to one byte more than the limit.
func post(client *http.Client, reference string, body []byte) (status int, answer []byte, err error) {
	ctx := context.Background()
	//nolint:gosec,nolintlint // the test names the URL, or it is of this machine
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, reference, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r) //nolint:gosec,nolintlint // see above
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxTriggerAnswer+1))
	return resp.StatusCode, answer, err
}

// oneLine shortens a text for an error and replaces its control characters.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), maxTriggerError)], "")
}

// newTriggerClient returns the client that calls URLs. It does not follow redirects.
func newTriggerClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       cmp.Or(timeout, triggerTimeout),
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// lambdaEvent returns an event in the form that a Lambda function gets.
func (p *pool) lambdaEvent(event lambdaEvent, version int) map[string]any {
	base := event.base()
	region, _ := splitPoolID(base.UserPoolID)
	request := event.request(version)
	if base.Attributes != nil {
		request["userAttributes"] = base.Attributes
	}
	if base.ClientMetadata != nil {
		request["clientMetadata"] = base.ClientMetadata
	}
	return map[string]any{
		"version": strconv.Itoa(version), "triggerSource": base.Source, "region": region, "userPoolId": base.UserPoolID,
		"userName":      base.Username,
		"callerContext": map[string]string{"awsSdkVersion": "cognitotest", "clientId": base.ClientID},
		"request":       request, "response": map[string]any{},
	}
}

// lambdaRounds returns the rounds of a custom sign-in in the form that functions get.
func lambdaRounds(rounds []ChallengeResult) []map[string]any {
	list := []map[string]any{}
	for _, r := range rounds {
		round := map[string]any{"challengeName": r.Name, "challengeResult": r.Passed, "challengeMetadata": nil}
		if r.Metadata != "" {
			round["challengeMetadata"] = r.Metadata
		}
		list = append(list, round)
	}
	return list
}

func (e *TriggerEvent) base() *TriggerEvent { return e }

func (e *TriggerEvent) request(int) map[string]any {
	return map[string]any{"userNotFound": e.UserNotFound, "validationData": e.ClientMetadata}
}

func (e *TriggerEvent) respond(response []byte) error {
	var object map[string]any
	return json.Unmarshal(response, &object)
}

func (e *PreSignUpEvent) request(int) map[string]any {
	return map[string]any{"validationData": e.ValidationData}
}

func (e *PreSignUpEvent) respond(response []byte) error {
	var out struct{ AutoConfirmUser, AutoVerifyEmail, AutoVerifyPhone bool }
	err := json.Unmarshal(response, &out)
	e.AutoConfirmUser, e.AutoVerifyEmail, e.AutoVerifyPhone = out.AutoConfirmUser, out.AutoVerifyEmail, out.AutoVerifyPhone
	return err
}

func (e *DefineAuthChallengeEvent) request(int) map[string]any {
	return map[string]any{"session": lambdaRounds(e.Session), "userNotFound": e.UserNotFound}
}

func (e *DefineAuthChallengeEvent) respond(response []byte) error {
	var out struct {
		ChallengeName                   string
		IssueTokens, FailAuthentication bool
	}
	err := json.Unmarshal(response, &out)
	e.ChallengeName, e.IssueTokens, e.FailAuthentication = out.ChallengeName, out.IssueTokens, out.FailAuthentication
	return err
}

func (e *CreateAuthChallengeEvent) request(int) map[string]any {
	return map[string]any{
		"challengeName": e.ChallengeName, "session": lambdaRounds(e.Session), "userNotFound": e.UserNotFound,
	}
}

func (e *CreateAuthChallengeEvent) respond(response []byte) error {
	var out struct {
		PublicChallengeParameters, PrivateChallengeParameters map[string]string
		ChallengeMetadata                                     string
	}
	err := json.Unmarshal(response, &out)
	e.PublicParameters, e.PrivateParameters = out.PublicChallengeParameters, out.PrivateChallengeParameters
	e.Metadata = out.ChallengeMetadata
	return err
}

func (e *VerifyAuthChallengeEvent) request(int) map[string]any {
	return map[string]any{
		"privateChallengeParameters": e.PrivateParameters, "challengeAnswer": e.Answer, "userNotFound": e.UserNotFound,
	}
}

func (e *VerifyAuthChallengeEvent) respond(response []byte) error {
	var out struct{ AnswerCorrect bool }
	err := json.Unmarshal(response, &out)
	e.Correct = out.AnswerCorrect
	return err
}

func (e *PreTokenGenerationEvent) request(version int) map[string]any {
	request := map[string]any{
		"groupConfiguration": map[string]any{
			"groupsToOverride": slices.Concat([]string{}, e.Groups), "iamRolesToOverride": []string{}, "preferredRole": nil,
		},
	}
	if version > 1 {
		request["scopes"] = strings.Fields(e.scope)
	}
	return request
}

// claimChanges are the changes of a token in the response of a function.
type claimChanges struct {
	ClaimsToAddOrOverride         map[string]any
	ClaimsToSuppress              []string
	ScopesToAdd, ScopesToSuppress []string
}

func (e *PreTokenGenerationEvent) respond(response []byte) error {
	type groupChanges struct{ GroupsToOverride []string }
	var out struct {
		ClaimsOverrideDetails *struct { // version 1: both tokens get the groups, the ID token the claims
			claimChanges

			GroupOverrideDetails *groupChanges
		}
		ClaimsAndScopeOverrideDetails *struct { // versions 2 and 3
			IDTokenGeneration     *claimChanges `json:"idTokenGeneration"`
			AccessTokenGeneration *claimChanges
			GroupOverrideDetails  *groupChanges
		}
	}
	if err := json.Unmarshal(response, &out); err != nil {
		return err
	}
	var groups *groupChanges
	if d := out.ClaimsOverrideDetails; d != nil {
		e.ID = ClaimChanges{Set: d.ClaimsToAddOrOverride, Remove: d.ClaimsToSuppress}
		groups = d.GroupOverrideDetails
	}
	if d := out.ClaimsAndScopeOverrideDetails; d != nil {
		if id := d.IDTokenGeneration; id != nil {
			e.ID = ClaimChanges{Set: id.ClaimsToAddOrOverride, Remove: id.ClaimsToSuppress}
		}
		if access := d.AccessTokenGeneration; access != nil {
			e.Access = ClaimChanges{Set: maps.Clone(access.ClaimsToAddOrOverride), Remove: access.ClaimsToSuppress}
			if len(access.ScopesToAdd)+len(access.ScopesToSuppress) > 0 {
				if e.Access.Set == nil {
					e.Access.Set = map[string]any{}
				}
				e.Access.Set["scope"] = changedScope(e.scope, access)
			}
		}
		groups = d.GroupOverrideDetails
	}
	if groups != nil && groups.GroupsToOverride != nil {
		e.Groups = groups.GroupsToOverride
	}
	return nil
}

// changedScope returns the scope of an access token after changes.
func changedScope(scope string, changes *claimChanges) string {
	scopes := slices.DeleteFunc(strings.Fields(scope),
		func(s string) bool { return slices.Contains(changes.ScopesToSuppress, s) })
	for _, added := range changes.ScopesToAdd {
		if !slices.Contains(scopes, added) {
			scopes = append(scopes, added)
		}
	}
	return strings.Join(scopes, " ")
}

func (e *UserMigrationEvent) request(int) map[string]any {
	return map[string]any{"password": e.Password, "validationData": e.ClientMetadata}
}

func (e *UserMigrationEvent) respond(response []byte) error {
	var out struct {
		UserAttributes  map[string]string
		FinalUserStatus string
	}
	err := json.Unmarshal(response, &out)
	e.Found, e.NewAttributes, e.Status = out.UserAttributes != nil, out.UserAttributes, out.FinalUserStatus
	return err
}

func (e *CustomMessageEvent) request(int) map[string]any {
	request := map[string]any{
		"codeParameter": e.CodeParameter, "linkParameter": "{##Click Here##}", "usernameParameter": nil,
	}
	if e.UsernameParameter != "" {
		request["usernameParameter"] = e.UsernameParameter
	}
	return request
}

func (e *CustomMessageEvent) respond(response []byte) error {
	var out struct{ SMSMessage, EmailMessage, EmailSubject string }
	err := json.Unmarshal(response, &out)
	e.SMSMessage, e.EmailMessage, e.EmailSubject = out.SMSMessage, out.EmailMessage, out.EmailSubject
	return err
}
